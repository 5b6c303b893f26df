//! `/v2/end-users/delete` and `/v2/jobs`: bulk deletions.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi, param::Path, payload::Json, types::Example,
};

use super::{Tag, auth::Platform, error::Failed};
use crate::{
    domain::end_users::{
        deletion::{self, Deletion, Disposition, Identifier, IdentifierKind, Outcome, Status},
        time_text,
    },
    http::body::BodyUpTo,
    kernel::Result,
};

/// The largest request, in bytes.
const REQUEST_MAX: usize = 512 * 1024;
/// The id in every example.
const EXAMPLE_ID: &str = "66b2f1a09c1e4d7a3f5b8c21";

/// The operations on bulk deletions.
pub struct Deletions;

/// What an identifier is compared with.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum DeletionIdentifierType {
    Email,
    ChatterId,
    ExternalId,
    EndUserId,
    VariableMatch,
}

impl From<DeletionIdentifierType> for IdentifierKind {
    fn from(kind: DeletionIdentifierType) -> Self {
        match kind {
            DeletionIdentifierType::Email => Self::Email,
            DeletionIdentifierType::ChatterId => Self::ChatterId,
            DeletionIdentifierType::ExternalId => Self::ExternalId,
            DeletionIdentifierType::EndUserId => Self::EndUserId,
            DeletionIdentifierType::VariableMatch => Self::VariableMatch,
        }
    }
}

impl From<IdentifierKind> for DeletionIdentifierType {
    fn from(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::Email => Self::Email,
            IdentifierKind::ChatterId => Self::ChatterId,
            IdentifierKind::ExternalId => Self::ExternalId,
            IdentifierKind::EndUserId => Self::EndUserId,
            IdentifierKind::VariableMatch => Self::VariableMatch,
        }
    }
}

/// Whom to erase.
#[derive(Object)]
struct DeletionIdentifier {
    /// What the value is compared with.
    r#type: DeletionIdentifierType,
    /// The value.
    value: String,
    /// With `variable_match`, the name of the metadata variable or of the member of the profile.
    #[oai(nullable)]
    variable: Option<String>,
}

/// Whom to erase.
#[derive(Object)]
#[oai(example)]
struct DeletionRequest {
    /// 1 to 1000 identifiers.
    #[oai(validator(min_items = 1, max_items = 1000))]
    identifiers: Vec<DeletionIdentifier>,
    /// Your own name for the request. The same request with the same name within 24 hours is the
    /// same job.
    #[oai(nullable)]
    client_reference: Option<String>,
}

impl Example for DeletionRequest {
    fn example() -> Self {
        Self {
            identifiers: vec![DeletionIdentifier {
                r#type: DeletionIdentifierType::Email,
                value: "forget.me@example.com".to_owned(),
                variable: None,
            }],
            client_reference: Some("ticket-4711".to_owned()),
        }
    }
}

/// How far a job is.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum DeletionJobStatus {
    Queued,
    InProgress,
    Completed,
    Partial,
    Failed,
}

impl From<Status> for DeletionJobStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::InProgress => Self::InProgress,
            Status::Completed => Self::Completed,
            Status::Partial => Self::Partial,
            Status::Failed => Self::Failed,
        }
    }
}

/// A job, as it was accepted.
#[derive(Object)]
#[oai(example)]
struct DeletionRequestAccepted {
    /// The job's id.
    job_id: String,
    /// How far it is.
    status: DeletionJobStatus,
    /// How many identifiers were submitted.
    submitted_count: u64,
    /// When they were submitted.
    created_at: String,
}

impl From<Deletion> for DeletionRequestAccepted {
    fn from(deletion: Deletion) -> Self {
        Self {
            job_id: deletion.id.to_string(),
            status: deletion.status.into(),
            submitted_count: deletion.submitted_count,
            created_at: time_text(deletion.created_at),
        }
    }
}

impl Example for DeletionRequestAccepted {
    fn example() -> Self {
        Self {
            job_id: EXAMPLE_ID.to_owned(),
            status: DeletionJobStatus::Queued,
            submitted_count: 1,
            created_at: "2026-01-31T09:30:00.000000+00:00".to_owned(),
        }
    }
}

/// What became of an identifier.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case", rename = "IdentifierDispositionDisposition")]
enum WireDisposition {
    Accepted,
    NotFound,
    Invalid,
    ExceedsLimit,
    Duplicate,
}

impl From<Disposition> for WireDisposition {
    fn from(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Accepted => Self::Accepted,
            Disposition::NotFound => Self::NotFound,
            Disposition::Invalid => Self::Invalid,
            Disposition::ExceedsLimit => Self::ExceedsLimit,
            Disposition::Duplicate => Self::Duplicate,
        }
    }
}

/// An identifier and what became of it.
#[derive(Object)]
struct IdentifierDisposition {
    /// What the value was compared with.
    r#type: DeletionIdentifierType,
    /// The value, as it was submitted.
    value: String,
    /// The name of the variable.
    #[oai(nullable)]
    variable: Option<String>,
    /// What became of it; left out while the job has not come to it.
    #[oai(skip_serializing_if_is_none)]
    disposition: Option<WireDisposition>,
    /// How many end users it matches.
    matched_chatters: u64,
    /// Why it was not accepted.
    #[oai(nullable)]
    reason: Option<String>,
}

impl From<Outcome> for IdentifierDisposition {
    fn from(outcome: Outcome) -> Self {
        Self {
            r#type: outcome.identifier.kind.into(),
            value: outcome.identifier.value,
            variable: outcome.identifier.variable,
            disposition: outcome.disposition.map(Into::into),
            matched_chatters: outcome.matched,
            reason: outcome.reason,
        }
    }
}

/// A job.
#[derive(Object)]
#[oai(example)]
struct DeletionJob {
    /// Its id.
    job_id: String,
    /// What kind of job it is.
    r#type: String,
    /// Your own name for it.
    #[oai(nullable)]
    client_reference: Option<String>,
    /// How far it is.
    status: DeletionJobStatus,
    /// The identifiers, in the order of the request.
    identifiers: Vec<IdentifierDisposition>,
    /// When it was submitted.
    created_at: String,
    /// When it ended.
    #[oai(nullable)]
    completed_at: Option<String>,
    /// Why no identifier was accepted.
    #[oai(nullable)]
    failure_reason: Option<String>,
}

/// The type of these jobs.
// wire: the vendor publishes that there is a type, not what it is
const JOB_TYPE: &str = "end_user_deletion";

impl From<(Deletion, Vec<Outcome>)> for DeletionJob {
    fn from((deletion, outcomes): (Deletion, Vec<Outcome>)) -> Self {
        Self {
            job_id: deletion.id.to_string(),
            r#type: JOB_TYPE.to_owned(),
            client_reference: deletion.client_reference,
            status: deletion.status.into(),
            identifiers: outcomes.into_iter().map(Into::into).collect(),
            created_at: time_text(deletion.created_at),
            completed_at: deletion.completed_at.map(time_text),
            failure_reason: deletion.failure_reason,
        }
    }
}

impl Example for DeletionJob {
    fn example() -> Self {
        Self {
            job_id: EXAMPLE_ID.to_owned(),
            r#type: JOB_TYPE.to_owned(),
            client_reference: Some("ticket-4711".to_owned()),
            status: DeletionJobStatus::Completed,
            identifiers: vec![IdentifierDisposition {
                r#type: DeletionIdentifierType::Email,
                value: "forget.me@example.com".to_owned(),
                variable: None,
                disposition: Some(WireDisposition::Accepted),
                matched_chatters: 1,
                reason: None,
            }],
            created_at: "2026-01-31T09:30:00.000000+00:00".to_owned(),
            completed_at: Some("2026-01-31T09:30:01.000000+00:00".to_owned()),
            failure_reason: None,
        }
    }
}

/// The answer to a request.
#[derive(ApiResponse)]
enum SubmitResponse {
    /// The job that will run, or that the same request has made before
    #[oai(status = 202)]
    Accepted(Json<DeletionRequestAccepted>),
}

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

#[OpenApi(tag = "Tag::EndUsers")]
impl Deletions {
    /// Submit a bulk end user deletion request
    ///
    /// Erase end users with everything of theirs. The work is done by a job. An identifier that was
    /// accepted is not accepted again for seven days.
    #[oai(
        path = "/v2/end-users/delete",
        method = "post",
        operation_id = "submitABulkEndUserDeletionRequest"
    )]
    async fn submit_a_bulk_end_user_deletion_request(
        &self,
        caller: Platform,
        body: BodyUpTo<DeletionRequest, REQUEST_MAX>,
    ) -> Result<SubmitResponse, Failed> {
        let request = body.0;
        let identifiers = request
            .identifiers
            .into_iter()
            .map(|identifier| Identifier {
                kind: identifier.r#type.into(),
                value: identifier.value,
                variable: identifier.variable,
            });
        let identifiers = identifiers.collect();
        let submitted = deletion::submit(&caller.0, identifiers, request.client_reference).await?;
        Ok(SubmitResponse::Accepted(Json(submitted.into())))
    }

    /// Get a deletion job
    ///
    /// How far a job is, and what became of each identifier.
    #[oai(
        path = "/v2/jobs/:job_id",
        method = "get",
        operation_id = "getADeletionJob"
    )]
    async fn get_a_deletion_job(
        &self,
        caller: Platform,
        /// The job's id.
        #[oai(example = "example_id")]
        job_id: Path<String>,
    ) -> Result<Json<DeletionJob>, Failed> {
        let found = deletion::find(&caller.0, job_id.0.into()).await?;
        Ok(Json(found.into()))
    }
}
