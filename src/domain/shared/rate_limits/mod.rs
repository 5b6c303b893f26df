//! Rate limits: requests of a tenant by API class, per second, per minute and per day.
//!
//! All three limits are buckets of the `governor` crate. Those for seconds and minutes refill with the monotonic time,
//! regardless of the system's date. The bucket of a day belongs to a UTC date, and its clock never moves, so that it
//! never refills. It is initialized with the stored count of the day, and dropped with its date.

mod bucket;

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use self::bucket::{DailyBucket, RefillingBucket};
use super::sql::text_enum;
use crate::kernel::{Error, Kind, MonotonicTime, Result, Timestamp};

text_enum! {
    /// API class: operations that share one rate limit.
    pub enum ApiClass {
        /// Everything under Aloochat's `/api/public`.
        Aloochat = "aloochat",
        /// Operations of Ada's API without their own class.
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
        /// Botpress's AI API.
        BotpressAi = "botpress_ai",
    }
}

impl ApiClass {
    /// True if the vendor limits each agent separately, instead of the workspace.
    pub(in crate::domain) const fn is_per_agent(self) -> bool {
        match self {
            Self::Aloochat | Self::Cohere | Self::BotpressAdmin => false,
            // ada.md §1.3: per Ada instance, which is an agent.
            Self::Ada
            | Self::AdaEndUsers
            | Self::AdaEndUsersV1
            | Self::BotpressChat
            | Self::BotpressAi => true,
        }
    }
}

/// Rate limits of each API class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True if there are rate limits. `false` turns off all limits at once, for local tests.
    pub enabled: bool,
    /// True if limits apply while the clock is frozen. Nothing refills then, so the default is false.
    pub in_frozen_time: bool,
    /// Rates of Aloochat. It publishes no figures (aloochat.md §3), so there is no limit by default.
    pub aloochat: Rates,
    /// Default rates of Ada: integrations, webhooks, deletions (ada.md §1.3).
    pub ada: Rates,
    /// Rates of Ada's End Users API v2 (ada.md §1.3; its daily limit was dropped).
    pub ada_end_users: Rates,
    /// Rates of Ada's End Users API v1. The vendor mentions limits without figures; the default figures are our own.
    pub ada_end_users_v1: Rates,
    /// Rates of Cohere. It publishes no figures for connectors, so there is no limit by default.
    pub cohere: Rates,
    /// Rates of Botpress's chat and files API, for each bot. The vendor publishes no figures, so there is no limit by
    /// default.
    pub botpress_chat: Rates,
    /// Rates of Botpress's admin API, for each workspace, and for each person outside of any workspace. No limit by
    /// default.
    pub botpress_admin: Rates,
    /// Rates of Botpress's AI API, for each bot. No limit by default.
    pub botpress_ai: Rates,
}

impl Default for Settings {
    fn default() -> Self {
        let rates = |per_second, per_minute, per_day| Rates {
            per_second,
            per_minute,
            per_day,
        };
        Self {
            enabled: true,
            in_frozen_time: false,
            aloochat: rates(0, 0, 0),
            ada: rates(10, 100, 10_000),
            ada_end_users: rates(30, 300, 0),
            ada_end_users_v1: rates(30, 0, 60_000),
            cohere: rates(0, 0, 0),
            botpress_chat: rates(0, 0, 0),
            botpress_admin: rates(0, 0, 0),
            botpress_ai: rates(0, 0, 0),
        }
    }
}

impl Settings {
    const fn rates(&self, class: ApiClass) -> &Rates {
        if !self.enabled {
            return &UNLIMITED;
        }
        match class {
            ApiClass::Aloochat => &self.aloochat,
            ApiClass::Ada => &self.ada,
            ApiClass::AdaEndUsers => &self.ada_end_users,
            ApiClass::AdaEndUsersV1 => &self.ada_end_users_v1,
            ApiClass::Cohere => &self.cohere,
            ApiClass::BotpressChat => &self.botpress_chat,
            ApiClass::BotpressAdmin => &self.botpress_admin,
            ApiClass::BotpressAi => &self.botpress_ai,
        }
    }
}

const UNLIMITED: Rates = Rates {
    per_second: 0,
    per_minute: 0,
    per_day: 0,
};

/// Number of requests that a tenant may send. 0: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Requests per second; also the maximum burst.
    pub per_second: u32,
    /// Requests per minute; also the maximum burst.
    pub per_minute: u32,
    /// Requests per UTC day.
    pub per_day: u32,
}

/// Rate limiter of one tenant and API class.
pub(in crate::domain) struct RateLimiter(Mutex<LimiterState>);

struct LimiterState {
    class: ApiClass,
    minute: Option<RefillingBucket>,
    second: Option<RefillingBucket>,
    per_day: Option<NonZeroU32>,
    day: Option<DailyBucket>,
}

impl RateLimiter {
    /// Creates an unused rate limiter for an API class.
    pub(in crate::domain) fn new(settings: &Settings, class: ApiClass) -> Self {
        let rates = settings.rates(class);
        Self(Mutex::new(LimiterState {
            class,
            minute: RefillingBucket::per_minute(rates.per_minute),
            second: RefillingBucket::per_second(rates.per_second),
            per_day: NonZeroU32::new(rates.per_day),
            day: None,
        }))
    }

    /// Takes one request, and returns the status of the window with the fewest remaining requests. `used` returns the
    /// stored number of requests of the day of `now`; it is called once for each date.
    ///
    /// # Errors
    /// [`LimitError`]
    pub(in crate::domain) fn take(
        &self,
        (at, now): (MonotonicTime, Timestamp),
        used: impl FnOnce() -> Result<u64>,
    ) -> std::result::Result<Option<RateLimitStatus>, LimitError> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = &mut *windows;
        if let Some(limit) = windows.per_day {
            if windows
                .day
                .as_ref()
                .is_none_or(|day| !day.is_for_date_of(now))
            {
                let used = used().map_err(LimitError::CountFailed)?;
                windows.day = Some(DailyBucket::new(now, limit, used));
            }
            if windows.day.as_ref().is_some_and(DailyBucket::is_used_up) {
                return Err(limit_error(
                    now.time_until_next_day(),
                    (windows.class, "per_day"),
                ));
            }
        }
        let mut least = None;
        for (window, name) in [
            (&mut windows.minute, "per_minute"),
            (&mut windows.second, "per_second"),
        ] {
            let Some(window) = window else { continue };
            let by = (windows.class, name);
            let standing = window.take(at, now).map_err(|wait| limit_error(wait, by))?;
            least = fewest_remaining(least, standing);
        }
        if let Some(day) = &mut windows.day {
            let by = (windows.class, "per_day");
            let standing = day.take(now).map_err(|wait| limit_error(wait, by))?;
            least = fewest_remaining(least, standing);
        }
        Ok(least)
    }
}

/// Status of one window of a rate limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// Number of requests that the window allows.
    pub limit: u64,
    /// Number of remaining requests.
    pub remaining: u64,
    /// Time at which the window is full again at the latest.
    pub reset: Timestamp,
}

fn fewest_remaining(
    least: Option<RateLimitStatus>,
    standing: RateLimitStatus,
) -> Option<RateLimitStatus> {
    match least {
        Some(least) if least.remaining <= standing.remaining => Some(least),
        _ => Some(standing),
    }
}

/// Reason for which a request is refused.
pub(in crate::domain) enum LimitError {
    /// A rate limit is exceeded.
    Exceeded {
        /// Time until a request would be admitted, in whole seconds.
        retry_after: Duration,
        /// Name of the setting: `limits.ada.per_second`.
        setting: String,
    },
    /// The stored count could not be read.
    CountFailed(Error),
}

impl LimitError {
    /// Returns the error for the caller. `explained` adds the setting to the text, for developers who run their own
    /// server.
    pub(in crate::domain) fn into_error(self, explained: bool) -> Error {
        match self {
            Self::Exceeded {
                retry_after,
                setting,
            } => {
                let text = if explained {
                    format!(
                        "Rate limit exceeded (the setting {setting}; limits.enabled = false turns \
                         all limits off)"
                    )
                } else {
                    "Rate limit exceeded".to_owned()
                };
                Error::new(Kind::RateLimited { retry_after }, text)
            }
            Self::CountFailed(error) => error,
        }
    }
}

fn limit_error(wait: Duration, (class, window): (ApiClass, &str)) -> LimitError {
    // Retry-After has whole seconds. A rounded-down value would invite a request that is refused again.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    LimitError::Exceeded {
        retry_after: Duration::from_secs(seconds.max(1)),
        setting: format!("limits.{}.{window}", class.as_str()),
    }
}

#[cfg(test)]
mod tests;
