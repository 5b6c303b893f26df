//! `/clock`: reads the server's clock. In profile `dev` the operator can freeze and advance it, to test expiry,
//! quotas and schedules without waiting.

use std::time::Duration;

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, auth::Operator, error::ApiError};
use crate::{
    http::Body,
    kernel::{Clock, Error, Kind, Result, Rule, Timestamp, Violation},
};

/// The state of the clock.
#[derive(Object)]
#[oai(example, rename = "Shown")]
struct ClockState {
    /// The current time of the clock: RFC 3339 in UTC.
    now: String,
    /// True if the clock is frozen.
    frozen: bool,
}

impl Example for ClockState {
    fn example() -> Self {
        Self {
            now: "2026-01-31T09:30:00.000Z".to_owned(),
            frozen: true,
        }
    }
}

/// The time at which to freeze the clock.
#[derive(Object)]
#[oai(example, rename = "Freeze")]
struct FreezeRequest {
    /// The time to freeze at: RFC 3339. Default: the current time of the clock.
    at: Option<String>,
}

impl Example for FreezeRequest {
    fn example() -> Self {
        Self {
            at: Some("2026-01-31T09:30:00Z".to_owned()),
        }
    }
}

/// The time by which to advance the clock.
#[derive(Object)]
#[oai(example, rename = "Advance")]
struct AdvanceRequest {
    /// Number of seconds to advance.
    #[oai(validator(minimum(value = "0")))]
    seconds: u32,
}

impl Example for AdvanceRequest {
    fn example() -> Self {
        Self { seconds: 3600 }
    }
}

/// The operations on the clock.
pub struct ClockApi {
    allows_moves: bool,
}

impl ClockApi {
    pub const fn new(moves: bool) -> Self {
        Self {
            allows_moves: moves,
        }
    }

    fn require_movable<'a>(&self, operator: &'a Operator) -> Result<&'a Clock> {
        if self.allows_moves {
            Ok(operator.0.app().clock())
        } else {
            Err(Error::new(
                Kind::Forbidden,
                "The clock can only be moved in profile dev",
            ))
        }
    }
}

fn clock_state(clock: &Clock) -> Json<ClockState> {
    Json(ClockState {
        now: clock.now().to_rfc3339_millis(),
        frozen: clock.is_frozen(),
    })
}

#[OpenApi(tag = "Tag::Clock")]
impl ClockApi {
    /// Read the clock
    #[oai(path = "/clock", method = "get", operation_id = "read_clock")]
    async fn read_clock(&self, operator: Operator) -> Result<Json<ClockState>, ApiError> {
        Ok(clock_state(operator.0.app().clock()))
    }

    /// Freeze the clock
    #[oai(path = "/clock/freeze", method = "post", operation_id = "freeze_clock")]
    async fn freeze_clock(
        &self,
        operator: Operator,
        body: Body<FreezeRequest>,
    ) -> Result<Json<ClockState>, ApiError> {
        let at = match &body.0.at {
            Some(text) => Some(Timestamp::parse_rfc3339(text).ok_or_else(|| {
                let rule = Rule::Format("RFC 3339 date and time".to_owned());
                Error::from(Violation::body(["at"], rule))
            })?),
            None => None,
        };
        let clock = self.require_movable(&operator)?;
        clock.freeze(at);
        Ok(clock_state(clock))
    }

    /// Advance the clock
    ///
    /// A frozen clock stays frozen at the new time; a running clock continues from it.
    #[oai(
        path = "/clock/advance",
        method = "post",
        operation_id = "advance_clock"
    )]
    async fn advance_clock(
        &self,
        operator: Operator,
        body: Body<AdvanceRequest>,
    ) -> Result<Json<ClockState>, ApiError> {
        let clock = self.require_movable(&operator)?;
        clock.advance(Duration::from_secs(body.0.seconds.into()));
        Ok(clock_state(clock))
    }

    /// Return to the system time
    #[oai(path = "/clock/resume", method = "post", operation_id = "resume_clock")]
    async fn resume_clock(&self, operator: Operator) -> Result<Json<ClockState>, ApiError> {
        let clock = self.require_movable(&operator)?;
        clock.resume();
        Ok(clock_state(clock))
    }
}
