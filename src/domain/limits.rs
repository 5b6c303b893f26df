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
    middleware::NoOpMiddleware,
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
    }
}

/// The allowance of each API class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Aloochat publishes no figures (aloochat.md §3), so everything is off.
    pub aloochat: Rates,
}

impl Settings {
    const fn rates(&self, class: Class) -> &Rates {
        match class {
            Class::Aloochat => &self.aloochat,
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

type Bucket = RateLimiter<NotKeyed, InMemoryState, BucketClock, NoOpMiddleware<Nanos>>;

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
            NonZeroU32::new(rate)
                .map(|rate| RateLimiter::direct_with_clock(quota(rate), clock.clone()))
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

    /// Takes one call from the allowance.
    ///
    /// # Errors
    /// `RateLimited` if it is used up.
    pub(super) fn take(&self, now: Timestamp) -> Result<()> {
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
        for bucket in [&self.minute, &self.second].into_iter().flatten() {
            bucket
                .check()
                .map_err(|until| limited(until.wait_time_from(self.clock.now())))?;
        }
        today.calls += 1;
        Ok(())
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
        let settings = Settings { aloochat: rates };
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
