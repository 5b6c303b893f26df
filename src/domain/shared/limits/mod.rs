//! Limits: how many calls a tenant may make of an API class per second, per minute and per day.
//!
//! All three are governor's buckets. Those of seconds and minutes refill as time passes, whatever date the
//! system's clock is set to. The day's bucket belongs to a UTC date and its clock stands still, so that it never refills: it is filled
//! from the count in the database, and dropped with its date.

mod bucket;

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use self::bucket::{Day, Window};
use super::sql::text_enum;
use crate::kernel::{Error, Kind, MonotonicTime, Result, Timestamp};

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
    pub(in crate::domain) const fn is_per_agent(self) -> bool {
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
    /// True if there are limits at all: `false` turns all of them off at once, for tests of one's own.
    pub enabled: bool,
    /// Whether limits hold while the clock stands still. Nothing refills then, so by default they do
    /// not.
    pub in_frozen_time: bool,
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
            enabled: true,
            in_frozen_time: false,
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
        if !self.enabled {
            return &UNLIMITED;
        }
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

const UNLIMITED: Rates = Rates {
    per_second: 0,
    per_minute: 0,
    per_day: 0,
};

/// Calls allowed to one tenant. 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Calls a second; also how many may come at once.
    pub per_second: u32,
    /// Calls a minute; also how many may come at once.
    pub per_minute: u32,
    /// Calls a UTC day.
    pub per_day: u32,
}

/// What one tenant has used of one class, and the limits on it.
pub(in crate::domain) struct Allowance(Mutex<Windows>);

struct Windows {
    class: Class,
    minute: Option<Window>,
    second: Option<Window>,
    per_day: Option<NonZeroU32>,
    day: Option<Day>,
}

impl Allowance {
    /// The whole allowance of a class.
    pub(in crate::domain) fn new(settings: &Settings, class: Class) -> Self {
        let rates = settings.rates(class);
        Self(Mutex::new(Windows {
            class,
            minute: Window::per_minute(rates.per_minute),
            second: Window::per_second(rates.per_second),
            per_day: NonZeroU32::new(rates.per_day),
            day: None,
        }))
    }

    /// Takes one call from the allowance and says how much of the window with the least is left.
    /// `used` counts the calls of the day of `now` in the database; it is asked once for each date.
    ///
    /// # Errors
    /// [`Refused`]
    pub(in crate::domain) fn take(
        &self,
        (at, now): (MonotonicTime, Timestamp),
        used: impl FnOnce() -> Result<u64>,
    ) -> std::result::Result<Option<Standing>, Refused> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = &mut *windows;
        if let Some(limit) = windows.per_day {
            if windows.day.as_ref().is_none_or(|day| !day.is_of(now)) {
                let used = used().map_err(Refused::Other)?;
                windows.day = Some(Day::new(now, limit, used));
            }
            if windows.day.as_ref().is_some_and(Day::is_used_up) {
                return Err(limited(now.until_next_day(), (windows.class, "per_day")));
            }
        }
        let mut least = None;
        for (window, name) in [
            (&mut windows.minute, "per_minute"),
            (&mut windows.second, "per_second"),
        ] {
            let Some(window) = window else { continue };
            let by = (windows.class, name);
            let standing = window.take(at, now).map_err(|wait| limited(wait, by))?;
            least = least_of(least, standing);
        }
        if let Some(day) = &mut windows.day {
            let by = (windows.class, "per_day");
            let standing = day.take(now).map_err(|wait| limited(wait, by))?;
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

/// Why a call is refused.
pub(in crate::domain) enum Refused {
    /// By a limit.
    Limited {
        /// The time until a call would be admitted, in whole seconds.
        retry_after: Duration,
        /// The setting: `limits.ada.per_second`.
        setting: String,
    },
    /// It is not known how many calls there were.
    Other(Error),
}

impl Refused {
    /// The error for the caller. `explained` names the setting, for the developer whose own server this is.
    pub(in crate::domain) fn into_error(self, explained: bool) -> Error {
        match self {
            Self::Limited {
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
            Self::Other(error) => error,
        }
    }
}

fn limited(wait: Duration, (class, window): (Class, &str)) -> Refused {
    // Retry-After counts whole seconds; rounding down would invite a call that is refused again.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Refused::Limited {
        retry_after: Duration::from_secs(seconds.max(1)),
        setting: format!("limits.{}.{window}", class.as_str()),
    }
}

#[cfg(test)]
mod tests;
