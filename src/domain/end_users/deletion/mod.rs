//! Bulk deletions: requests to erase many end users, each run as a background job (ada.md §5.3).

mod matching;
mod rows;
mod run;
mod submit;

use std::time::Duration;

pub(super) use rows::delete_completed;
pub use rows::find;
pub use run::run_due;
pub use submit::submit;

use crate::{
    domain::shared::sql::text_enum,
    kernel::{Timestamp, ids::EndUserDeletionId},
};

/// Maximum number of identifiers in one request.
pub const IDENTIFIERS_MAX: usize = 1000;
/// Maximum number of end users that one identifier may match.
pub const MATCHES_MAX: usize = 1000;
/// Time for which a request with the same `client_reference` and content returns the same deletion.
const IDEMPOTENCY_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// Time for which an accepted identifier is not accepted again.
const COOLDOWN: Duration = Duration::from_secs(7 * 24 * 3600);
/// Time for which the outcome of a deletion can be read. It is limited because the outcome names people.
pub(super) const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

text_enum! {
    /// The value that an identifier is compared with.
    pub enum IdentifierKind {
        /// The e-mail address, in any case of letters.
        Email = "email",
        /// The id, by its older name.
        ChatterId = "chatter_id",
        /// The external id, in any case of letters.
        ExternalId = "external_id",
        /// The id.
        EndUserId = "end_user_id",
        /// A value in the metadata, or a member of the profile.
        VariableMatch = "variable_match",
    }
}

text_enum! {
    /// The progress of a deletion.
    pub enum DeletionStatus {
        /// Submitted and not started.
        Queued = "queued",
        /// Running.
        InProgress = "in_progress",
        /// All matching end users are erased.
        Completed = "completed",
        /// The matching end users are erased, but some identifiers were rejected.
        Partial = "partial",
        /// No identifier was accepted.
        Failed = "failed",
    }
}

text_enum! {
    /// The result for an identifier.
    pub enum Disposition {
        /// The matching end users are erased.
        Accepted = "accepted",
        /// It matches no end user.
        NotFound = "not_found",
        /// It cannot match an end user, or was accepted already within the last seven days.
        Invalid = "invalid",
        /// It matches too many end users; none is erased.
        ExceedsLimit = "exceeds_limit",
        /// Other identifiers of the request match the same end users.
        Duplicate = "duplicate",
    }
}

/// An identifier of the end users to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// The value that it is compared with.
    pub kind: IdentifierKind,
    /// The value.
    pub value: String,
    /// The name of the variable, for [`IdentifierKind::VariableMatch`].
    pub variable: Option<String>,
}

/// An identifier and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierResult {
    /// The identifier, as submitted.
    pub identifier: Identifier,
    /// The result; none until the job has processed the identifier.
    pub disposition: Option<Disposition>,
    /// Number of end users that it matches.
    pub matched: u64,
    /// Reason for which it was not accepted.
    pub reason: Option<String>,
}

/// A bulk deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Id of the deletion.
    pub id: EndUserDeletionId,
    /// The caller's own name for the deletion.
    pub client_reference: Option<String>,
    /// Progress.
    pub status: DeletionStatus,
    /// Number of submitted identifiers.
    pub submitted_count: u64,
    /// Reason for which no identifier was accepted.
    pub failure_reason: Option<String>,
    /// Time of submission.
    pub created_at: Timestamp,
    /// Time of completion.
    pub completed_at: Option<Timestamp>,
}
