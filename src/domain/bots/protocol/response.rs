//! Responses of receivers, and failed calls.

use std::time::Duration;

use serde_json::Value;

use crate::{
    engine,
    net::{outbound::OutboundError, tunnels},
};

/// Maximum length of the excerpt from an unexpected response, in bytes.
const MAX_EXCERPT_BYTES: usize = 300;

/// Statuses of temporary refusals.
const TRANSIENT_STATUSES: [u16; 3] = [408, 425, 429];

/// Statuses of something before the code: a proxy, or `bp dev` while the code is not ready.
const UNREACHED_STATUSES: [u16; 4] = [408, 425, 429, 503];

/// The response of a bot or an integration.
#[derive(Debug)]
pub struct CallResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body as text.
    pub body: String,
    /// Stream that follows the body; only built-in programs have one.
    pub body_stream: Option<engine::BodyStream>,
}

/// Source of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum FailureCause {
    /// The receiver's code.
    Code,
    /// The receiver's code, while it was loaded.
    Loading,
    /// A limit of time, memory or size.
    Limits,
    /// The receiver's setup: it is unreachable, or cannot run here.
    Configuration,
    /// This server.
    Other,
}

/// Distance that a failed call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum CallReach {
    /// The receiver's code was not called: there was no tunnel or no capacity, or something before it refused.
    NotCalled,
    /// The connection failed before a response came.
    ConnectionFailed,
    /// The code may have run.
    MayHaveRun,
}

/// A failed call. The text is for the receiver's developer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain) struct CallFailure {
    pub(in crate::domain) text: String,
    /// Stack frames of the exception that the receiver's code threw, one a line.
    pub(in crate::domain) stack: Option<String>,
    pub(in crate::domain) cause: FailureCause,
    pub(in crate::domain) reach: CallReach,
    /// True if the same call may succeed later.
    pub(in crate::domain) is_transient: bool,
    /// Delay that the receiver asks for (`Retry-After`).
    pub(in crate::domain) retry_after: Option<Duration>,
}

impl CallFailure {
    pub(in crate::domain) fn new(
        cause: FailureCause,
        may_pass: bool,
        text: impl Into<String>,
    ) -> Self {
        Self {
            text: text.into(),
            stack: None,
            cause,
            // A failure of this server happens before it calls the code.
            reach: match cause {
                FailureCause::Other => CallReach::NotCalled,
                _ => CallReach::MayHaveRun,
            },
            is_transient: may_pass,
            retry_after: None,
        }
    }
}

impl From<engine::EngineError> for CallFailure {
    fn from(failure: engine::EngineError) -> Self {
        use engine::EngineError;
        let cause = match &failure {
            EngineError::Thrown(_) | EngineError::BadAnswer(_) => FailureCause::Code,
            EngineError::Load(_) => FailureCause::Loading,
            EngineError::Missing(_) => FailureCause::Configuration,
            EngineError::TimedOut(_)
            | EngineError::CpuTime(_)
            | EngineError::Memory(_)
            | EngineError::Busy(_)
            | EngineError::Full(_) => FailureCause::Limits,
            EngineError::Stopped(_) | EngineError::Backoff { .. } => FailureCause::Other,
        };
        let reach = match &failure {
            EngineError::Busy(_) | EngineError::Full(_) | EngineError::Backoff { .. } => {
                CallReach::NotCalled
            }
            _ => CallReach::MayHaveRun,
        };
        Self {
            stack: failure.exception().and_then(|thrown| thrown.stack.clone()),
            reach,
            ..Self::new(cause, failure.is_transient(), failure.to_string())
        }
    }
}

impl From<OutboundError> for CallFailure {
    fn from(error: OutboundError) -> Self {
        let (cause, may_pass) = match &error {
            OutboundError::Malformed(_) | OutboundError::Refused(_) => {
                (FailureCause::Configuration, false)
            }
            OutboundError::Connection(_) => (FailureCause::Configuration, true),
            OutboundError::Timeout(_) | OutboundError::Full(_) => (FailureCause::Limits, true),
        };
        let reach = match &error {
            OutboundError::Connection(_) => CallReach::ConnectionFailed,
            _ => CallReach::MayHaveRun,
        };
        Self {
            reach,
            ..Self::new(cause, may_pass, error.to_string())
        }
    }
}

impl From<tunnels::TunnelError> for CallFailure {
    fn from(failure: tunnels::TunnelError) -> Self {
        use tunnels::TunnelError;
        let cause = match failure {
            TunnelError::NotConnected | TunnelError::Lost => FailureCause::Configuration,
            TunnelError::Busy | TunnelError::TimedOut(_) => FailureCause::Limits,
        };
        let reach = match failure {
            TunnelError::NotConnected | TunnelError::Busy => CallReach::NotCalled,
            TunnelError::Lost => CallReach::ConnectionFailed,
            TunnelError::TimedOut(_) => CallReach::MayHaveRun,
        };
        Self {
            reach,
            ..Self::new(cause, true, failure.to_string())
        }
    }
}

impl CallResponse {
    /// True if the status is a success.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True if the code failed, instead of responding with an error of its own: the SDK turns exceptions into an
    /// error object, older SDKs into status 500.
    pub(super) fn is_code_failure(&self) -> bool {
        let body = || serde_json::from_str::<Value>(&self.body).unwrap_or_default();
        let is_sdks = |body: Value| body["code"].is_number() && body["message"].is_string();
        self.status >= 500 || (self.status >= 400 && is_sdks(body()))
    }

    /// Returns the response if its status is a success, else the failure.
    pub(in crate::domain) fn into_success(self) -> Result<Self, CallFailure> {
        match self.is_success() {
            true => Ok(self),
            false => Err(self.to_failure()),
        }
    }

    /// Converts the response to a failure.
    pub(super) fn to_failure(&self) -> CallFailure {
        let may_pass = self.status >= 500 || TRANSIENT_STATUSES.contains(&self.status);
        let mut failed = CallFailure::new(FailureCause::Code, may_pass, self.error_message());
        if UNREACHED_STATUSES.contains(&self.status) {
            failed.reach = CallReach::NotCalled;
        }
        // wire: a program in development may put the stack beside the message.
        let body: Option<Value> = serde_json::from_str(&self.body).ok();
        let stack = body.as_ref().and_then(|body| body.get("stack")?.as_str());
        failed.stack = stack.and_then(engine::extract_frames);
        let mut headers = self.headers.iter();
        failed.retry_after = headers
            .find(|(name, _)| name == "retry-after")
            .and_then(|(_, seconds)| seconds.trim().parse().ok())
            .map(Duration::from_secs);
        failed
    }

    /// Returns the error message: the one in the SDK's format, else an excerpt of the body.
    pub(super) fn error_message(&self) -> String {
        let body: Option<Value> = serde_json::from_str(&self.body).ok();
        let message = body.as_ref().and_then(|body| {
            let of = |member: &str| body.get(member).and_then(Value::as_str);
            of("message").or_else(|| of("error"))
        });
        match message {
            Some(message) if !message.is_empty() => message.to_owned(),
            _ => {
                let text = self.body.trim();
                let text = &text[..text.floor_char_boundary(MAX_EXCERPT_BYTES)];
                let separator = if text.is_empty() { "" } else { ": " };
                format!(
                    "the response has the status {}{separator}{text}",
                    self.status
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(status: u16, body: &str) -> (String, bool) {
        let answer = CallResponse {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
            body_stream: None,
        };
        let failed = answer.into_success().expect_err("a failure");
        (failed.text, failed.is_transient)
    }

    #[test]
    fn errors_of_old_and_new_sdks_are_read() {
        let runtime = r#"{"id":"x","code":400,"type":"Runtime","message":"No token"}"#;
        assert_eq!(complaint(400, runtime), ("No token".to_owned(), false));
        let old = r#"{"error":"oops"}"#;
        assert_eq!(complaint(500, old), ("oops".to_owned(), true));
        let worker = "Worker not ready yet";
        let text = "the response has the status 503: Worker not ready yet".to_owned();
        assert_eq!(complaint(503, worker), (text, true));
        let text = "the response has the status 404".to_owned();
        assert_eq!(complaint(404, " "), (text, false));
    }
}
