//! Bulk deletions: requests to erase people, each a job that is run in the background
//! (ada.md §5.3).

mod matching;
mod rows;
mod run;
mod submit;

use std::time::Duration;

pub use rows::find;
pub(super) use rows::forget;
pub use run::run_due;
pub use submit::submit;

use crate::{
    domain::shared::sql::text_enum,
    kernel::{Timestamp, ids::EndUserDeletionId},
};

/// The most identifiers of one request.
pub const IDENTIFIERS_MAX: usize = 1000;
/// The most end users that one identifier may match.
pub const MATCHES_MAX: usize = 1000;
/// How long a request with the same `client_reference` and content is the same request.
const SAME_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// How long an identifier that was accepted is not accepted again.
const COOLDOWN: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the outcome of a deletion can be read. It names people, so not for good.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

text_enum! {
    /// What an identifier is compared with.
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
    /// How far a deletion is.
    pub enum Status {
        /// Nothing has happened yet.
        Queued = "queued",
        /// It is being run.
        InProgress = "in_progress",
        /// Whoever was found is erased.
        Completed = "completed",
        /// Whoever was found is erased, but some identifiers were not accepted.
        Partial = "partial",
        /// No identifier was accepted.
        Failed = "failed",
    }
}

text_enum! {
    /// What becomes of an identifier.
    pub enum Disposition {
        /// The end users that it matches are erased.
        Accepted = "accepted",
        /// It matches nobody.
        NotFound = "not_found",
        /// It cannot match anybody, or it was accepted within the last seven days already.
        Invalid = "invalid",
        /// It matches too many, and nobody is erased.
        ExceedsLimit = "exceeds_limit",
        /// Other identifiers of the request match the same.
        Duplicate = "duplicate",
    }
}

/// Whom to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// What it is compared with.
    pub kind: IdentifierKind,
    /// The value.
    pub value: String,
    /// For [`IdentifierKind::VariableMatch`], whose value it is.
    pub variable: Option<String>,
}

/// An identifier and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The identifier, as it was submitted.
    pub identifier: Identifier,
    /// What became of it; none while the deletion has not come to it.
    pub disposition: Option<Disposition>,
    /// How many end users it matches.
    pub matched: u64,
    /// Why it was not accepted.
    pub reason: Option<String>,
}

/// A bulk deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its id.
    pub id: EndUserDeletionId,
    /// The caller's own name for it.
    pub client_reference: Option<String>,
    /// How far it is.
    pub status: Status,
    /// How many identifiers were submitted.
    pub submitted_count: u64,
    /// Why no identifier was accepted.
    pub failure_reason: Option<String>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}
