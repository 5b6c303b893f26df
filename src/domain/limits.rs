//! Limits: how many calls a tenant may make of an API class per second, per minute and per day.
//!
//! Seconds and minutes are governor's token buckets. The day is a count of the UTC calendar day
//! instead: a bucket that refills through the day can neither be restored from a count after a
//! restart nor be explained to a user who asks how many calls are left today.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use serde::{Deserialize, Serialize};

use super::sql::text_enum;
use crate::kernel::{Clock, Error, Kind, Result, Timestamp};

text_enum! {
    /// Operations that share one allowance.
    pub enum Class {
        /// Everything under Aloochat's `/api/public`.
        Aloochat = "aloochat",
        /// Whatever of Ada's API has no class of its own.
        Ada = "ada",
        /// Ada's End Users API v2.
        AdaEndUsers = "ada_end_users",
        /// Ada's End Users API v1.
        AdaEndUsersV1 = "ada_end_users_v1",
        /// Cohere's API.
        Cohere = "cohere",
        /// Botpress's chat and files API.
        BotpressChat = "botpress_chat",
        /// Botpress's admin API.
        BotpressAdmin = "botpress_admin",
    }
}

impl Class {
    /// Whether the vendor limits each agent by itself, not the whole workspace.
    pub(super) const fn is_per_agent(self) -> bool {
        match self {
            Self::Aloochat | Self::Cohere | Self::BotpressAdmin => false,
            // ada.md §1.3: per Ada instance, which is an agent.
            Self::Ada | Self::AdaEndUsers | Self::AdaEndUsersV1 | Self::BotpressChat => true,
        }
    }
}

/// The allowance of each API class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Aloochat publishes no figures (aloochat.md §3), so everything is off.
    pub aloochat: Rates,
    /// Ada's default: integrations, webhooks, deletions (ada.md §1.3).
    pub ada: Rates,
    /// Ada's End Users API v2 (ada.md §1.3; its daily cap was dropped).
    pub ada_end_users: Rates,
    /// Ada's End Users API v1. The vendor says that there are limits, not which; these are ours.
    pub ada_end_users_v1: Rates,
    /// Cohere publishes no figures for connectors, so everything is off.
    pub cohere: Rates,
    /// Botpress's chat and files API, for each bot. The vendor publishes no figures, so everything
    /// is off.
    pub botpress_chat: Rates,
    /// Botpress's admin API, for each workspace and for each person outside of any. Off.
    pub botpress_admin: Rates,
}

impl Default for Settings {
    fn default() -> Self {
        let rates = |per_second, per_minute, per_day| Rates {
            per_second,
            per_minute,
            per_day,
        };
        Self {
            aloochat: rates(0, 0, 0),
            ada: rates(10, 100, 10_000),
            ada_end_users: rates(30, 300, 0),
            ada_end_users_v1: rates(30, 0, 60_000),
            cohere: rates(0, 0, 0),
            botpress_chat: rates(0, 0, 0),
            botpress_admin: rates(0, 0, 0),
        }
    }
}

impl Settings {
    const fn rates(&self, class: Class) -> &Rates {
        match class {
            Class::Aloochat => &self.aloochat,
            Class::Ada => &self.ada,
            Class::AdaEndUsers => &self.ada_end_users,
            Class::AdaEndUsersV1 => &self.ada_end_users_v1,
            Class::Cohere => &self.cohere,
            Class::BotpressChat => &self.botpress_chat,
            Class::BotpressAdmin => &self.botpress_admin,
        }
    }
}

/// Calls allowed to one tenant. 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Calls a second; also how many may come at once.
    pub per_second: u32,
    /// Calls a minute; also how many may come at once.
    pub per_minute: u32,
    /// Calls a UTC day.
    pub per_day: u64,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, BucketClock, StateInformationMiddleware>;

/// governor on the product's clock.
#[derive(Clone)]
struct BucketClock(Clock);

impl GovernorClock for BucketClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let micros = u64::try_from(self.0.now().as_micros()).unwrap_or(0);
        Nanos::from(Duration::from_micros(micros))
    }
}

/// What one tenant has used of one class, and the limits on it.
pub(super) struct Allowance {
    clock: BucketClock,
    second: Option<Bucket>,
    minute: Option<Bucket>,
    per_day: u64,
    day: Mutex<Day>,
}

/// The calls of one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    day: i64,
    calls: u64,
}

impl Allowance {
    /// The allowance of a class, of which `calls` are used up on the day of `now`.
    pub(super) fn new(
        settings: &Settings,
        class: Class,
        clock: &Clock,
        now: Timestamp,
        calls: u64,
    ) -> Self {
        let rates = settings.rates(class);
        let clock = BucketClock(clock.clone());
        let bucket = |rate: u32, quota: fn(NonZeroU32) -> Quota| {
            NonZeroU32::new(rate).map(|rate| {
                RateLimiter::direct_with_clock(quota(rate), clock.clone()).with_middleware()
            })
        };
        Self {
            second: bucket(rates.per_second, Quota::per_second),
            minute: bucket(rates.per_minute, Quota::per_minute),
            per_day: rates.per_day,
            day: Mutex::new(Day {
                day: now.day(),
                calls,
            }),
            clock,
        }
    }

    /// Takes one call from the allowance and says how much of the window with the least is left.
    ///
    /// # Errors
    /// `RateLimited` if it is used up.
    pub(super) fn take(&self, now: Timestamp) -> Result<Option<Standing>> {
        let mut today = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day != now.day() {
            *today = Day {
                day: now.day(),
                calls: 0,
            };
        }
        if self.per_day > 0 && today.calls >= self.per_day {
            return Err(limited(now.until_next_day()));
        }
        let mut least = None;
        for (bucket, seconds) in [(&self.minute, 60), (&self.second, 1)] {
            let Some(bucket) = bucket else { continue };
            let state = bucket
                .check()
                .map_err(|until| limited(until.wait_time_from(self.clock.now())))?;
            let standing = Standing {
                limit: state.quota().burst_size().get().into(),
                remaining: state.remaining_burst_capacity().into(),
                reset: now.plus(Duration::from_secs(seconds)),
            };
            least = least_of(least, standing);
        }
        today.calls += 1;
        if self.per_day > 0 {
            let standing = Standing {
                limit: self.per_day,
                remaining: self.per_day - today.calls,
                reset: now.plus(now.until_next_day()),
            };
            least = least_of(least, standing);
        }
        Ok(least)
    }
}

/// How a tenant stands in one of the windows of its allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The calls that the window allows.
    pub limit: u64,
    /// The calls that are left of them.
    pub remaining: u64,
    /// When the window is whole again at the latest.
    pub reset: Timestamp,
}

fn least_of(least: Option<Standing>, standing: Standing) -> Option<Standing> {
    match least {
        Some(least) if least.remaining <= standing.remaining => Some(least),
        _ => Some(standing),
    }
}

fn limited(wait: Duration) -> Error {
    // Retry-After counts whole seconds; rounding down would invite a call that is refused again.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Error::new(
        Kind::RateLimited {
            retry_after: Duration::from_secs(seconds.max(1)),
        },
        "Rate limit exceeded",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(clock: &Clock, rates: Rates, used: u64) -> Allowance {
        let settings = Settings {
            aloochat: rates,
            ..Settings::default()
        };
        Allowance::new(&settings, Class::Aloochat, clock, clock.now(), used)
    }

    fn noon() -> Clock {
        Clock::frozen_at(Timestamp::parse_rfc3339("2026-03-01T12:00:00Z").expect("a date"))
    }

    fn refused_for(allowance: &Allowance, clock: &Clock) -> Option<u64> {
        match allowance.take(clock.now()).err()?.kind() {
            Kind::RateLimited { retry_after } => Some(retry_after.as_secs()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let clock = noon();
        let free = allowance(&clock, Rates::default(), 0);
        assert!((0..10_000).all(|_| refused_for(&free, &clock).is_none()));
    }

    #[test]
    fn a_second_a_minute_and_a_day_end() {
        let clock = noon();
        let rates = Rates {
            per_second: 2,
            per_minute: 3,
            per_day: 5,
        };
        let limited = allowance(&clock, rates, 0);
        assert_eq!(refused_for(&limited, &clock), None);
        assert_eq!(refused_for(&limited, &clock), None);
        assert_eq!(refused_for(&limited, &clock), Some(1), "the second");
        clock.advance(Duration::from_secs(60));
        assert_eq!(refused_for(&limited, &clock), None);
        clock.advance(Duration::from_secs(60));
        assert_eq!(refused_for(&limited, &clock), None);
        clock.advance(Duration::from_secs(60));
        assert_eq!(refused_for(&limited, &clock), None);
        assert_eq!(
            refused_for(&limited, &clock),
            Some(12 * 3600 - 180),
            "the day"
        );
        clock.advance(Duration::from_secs(12 * 3600));
        assert_eq!(refused_for(&limited, &clock), None, "a new day");
    }

    #[test]
    fn the_days_count_goes_on_where_it_was() {
        let clock = noon();
        let rates = Rates {
            per_day: 5,
            ..Rates::default()
        };
        let restored = allowance(&clock, rates, 4);
        assert_eq!(refused_for(&restored, &clock), None);
        assert_eq!(refused_for(&restored, &clock), Some(12 * 3600));
    }
}
