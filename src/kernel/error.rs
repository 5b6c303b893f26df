//! The one error of domain and store. Each dialect turns it into its own status and body.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use super::{Violation, violation};

/// The result of everything that can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for the caller ([`kind`](Self::kind), [`message`](Self::message),
/// [`violations`](Self::violations)) and for the log (the source).
pub struct Error {
    kind: Kind,
    message: Cow<'static, str>,
    violations: Vec<Violation>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The closed list of what can go wrong. A dialect maps it with one `match` and no wildcard arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is malformed or breaks a rule; the violations say which field and why.
    Invalid,
    /// No credentials, or credentials that are not (or no longer) valid.
    Unauthenticated,
    /// A name that is not formed as names of its sort must be.
    InvalidIdentifier,
    /// A JSON Schema that is none.
    InvalidSchema,
    /// Data that does not keep to the JSON Schema declared for it.
    InvalidData,
    /// The request names something that does not exist (not what it is addressed to: that is
    /// [`NotFound`](Self::NotFound)).
    ReferenceNotFound,
    /// Things that exist, but do not belong together.
    RelationConflict,
    /// Valid credentials that do not allow this.
    Forbidden,
    /// No such thing, or one that belongs to another tenant.
    NotFound,
    /// It clashes with what is there.
    Conflict,
    /// A request for a host that this server does not answer to.
    Misdirected,
    /// No operation at this path.
    NoOperation,
    /// An operation at this path, but not with this method.
    MethodNotAllowed,
    /// The request, or a part of it, is larger than allowed.
    TooLarge,
    /// A body of a type that the operation does not take.
    UnsupportedMedia,
    /// Too many calls; the next one may succeed after this time.
    RateLimited {
        /// The time until a call would be admitted. At least one second.
        retry_after: Duration,
    },
    /// The tenant has used up what its plan allows.
    QuotaExceeded,
    /// More than any plan allows.
    LimitExceeded,
    /// The plan must be paid for first.
    PaymentRequired,
    /// Something that this request needed elsewhere failed.
    Upstream,
    /// The code of a bot or an integration failed, or there is none that could run.
    Runtime,
    /// The request took longer than allowed.
    Timeout,
    /// The server cannot do this just now; the same request may succeed after this time.
    Unavailable {
        /// The time after which a retry makes sense.
        retry_after: Duration,
    },
    /// A defect of the server. The message is for the log and is never shown.
    Internal,
}

impl Error {
    /// An error of this kind with a message for the caller.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            violations: Vec::new(),
            source: None,
        }
    }

    /// A request that breaks a rule that has no field of its own.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// A request with these broken rules, of which as many are kept as are shown. The message is that
    /// of the first.
    #[must_use]
    pub fn violations(violations: Vec<Violation>) -> Self {
        let violations = violation::bounded(violations);
        let message = violations
            .first()
            .map_or_else(|| "invalid request".to_owned(), Violation::to_string);
        Self {
            violations,
            ..Self::new(Kind::Invalid, message)
        }
    }

    /// A missing thing, named as the caller knows it: `Integration not found`.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// A defect of the server, with the error behind it.
    pub fn internal(
        message: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(Kind::Internal, message).with_source(source)
    }

    /// The same error as one of another kind.
    #[must_use]
    pub const fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Keeps the error behind this one for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The text for the caller; for [`Kind::Internal`], for the log only.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The broken rules of an [`Kind::Invalid`] error, where each has a place in the request.
    #[must_use]
    pub fn broken_rules(&self) -> &[Violation] {
        &self.violations
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::violations(vec![violation])
    }
}

/// The message alone; [`Debug`](fmt::Debug) tells the causes too, for the log.
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
