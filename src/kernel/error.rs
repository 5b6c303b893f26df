//! The error type of domain and store. Each dialect maps it to its own status and body.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use super::{Violation, violation};

/// The result of an operation that fails with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, for the caller ([`kind`](Self::kind), [`message`](Self::message),
/// [`broken_rules`](Self::broken_rules)) and for the log (the source).
pub struct Error {
    kind: Kind,
    message: Cow<'static, str>,
    violations: Vec<Violation>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The closed list of error kinds. A dialect maps it with one `match` without a wildcard arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is malformed or breaks a rule; the violations name the fields and the rules.
    Invalid,
    /// Credentials are missing, wrong, expired or revoked.
    Unauthenticated,
    /// A name that breaks the format of its kind of name.
    InvalidIdentifier,
    /// An invalid JSON Schema.
    InvalidSchema,
    /// Data that does not match the JSON Schema declared for it.
    InvalidData,
    /// The request refers to something that does not exist. If the addressed resource itself does not exist,
    /// the kind is [`NotFound`](Self::NotFound).
    ReferenceNotFound,
    /// The resources exist, but do not belong together.
    RelationConflict,
    /// Something that others refer to cannot be deleted.
    InUse,
    /// The credentials are valid, but do not permit the operation.
    Forbidden,
    /// The resource does not exist, or belongs to another tenant.
    NotFound,
    /// The request conflicts with existing data.
    Conflict,
    /// A request for a host that this server does not serve.
    Misdirected,
    /// No operation has this path.
    NoOperation,
    /// The path has an operation, but not for this method.
    MethodNotAllowed,
    /// The request, or a part of it, exceeds a size limit.
    TooLarge,
    /// The operation does not accept the content type of the body.
    UnsupportedMedia,
    /// Too many calls; a later call may succeed.
    RateLimited {
        /// Time until the rate limiter would admit a call. At least one second.
        retry_after: Duration,
    },
    /// The tenant has used up a quota of its plan.
    QuotaExceeded,
    /// The request exceeds a limit that holds for all plans.
    LimitExceeded,
    /// The plan must be paid for first.
    PaymentRequired,
    /// A call to another server failed that this request needs.
    Upstream,
    /// The code of a bot or an integration failed, or does not exist.
    Runtime,
    /// The request exceeded its time limit.
    Timeout,
    /// The server cannot do this at present; the same request may succeed later.
    Unavailable {
        /// Time after which the client should retry.
        retry_after: Duration,
    },
    /// A bug of the server. The message is for the log only; callers never see it.
    Internal,
}

impl Error {
    /// Creates an error of this kind with a message for the caller.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            violations: Vec::new(),
            source: None,
        }
    }

    /// Creates an error for a broken rule that concerns no particular field.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// Creates an error for broken rules. It keeps a limited number of them; the message is that of the first.
    #[must_use]
    pub fn from_violations(violations: Vec<Violation>) -> Self {
        let violations = violation::limit_violations(violations);
        let message = violations
            .first()
            .map_or_else(|| "invalid request".to_owned(), Violation::to_string);
        Self {
            violations,
            ..Self::new(Kind::Invalid, message)
        }
    }

    /// Creates an error for a missing resource. `message` names it in the caller's terms: `Integration not found`.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Creates an error for a bug of the server, with its cause.
    pub fn internal(
        message: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(Kind::Internal, message).with_source(source)
    }

    /// Changes the kind of the error.
    #[must_use]
    pub const fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Attaches the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind of the error.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The message for the caller. Of [`Kind::Internal`], for the log only.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The broken rules of an [`Kind::Invalid`] error that concern a place in the request.
    #[must_use]
    pub fn broken_rules(&self) -> &[Violation] {
        &self.violations
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::from_violations(vec![violation])
    }
}

/// Writes the message alone. [`Debug`](fmt::Debug) also writes the causes, for the log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind)?;
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
