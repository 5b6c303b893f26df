//! `/v2/end-users/delete` and `/v2/jobs`: bulk deletions of end users.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi, param::Path, payload::Json, types::Example,
};

use super::{Tag, auth::PlatformAuth, error::Failed, time::format_time};
use crate::{
    domain::end_users::deletion::{
        self, Deletion, DeletionStatus, Disposition, Identifier, IdentifierKind, IdentifierResult,
    },
    http::body::LimitedBody,
    kernel::Result,
};

/// Maximum size of a request body, in bytes.
const REQUEST_MAX: usize = 512 * 1024;
/// Job ID in the examples of the OpenAPI document.
const EXAMPLE_ID: &str = "66b2f1a09c1e4d7a3f5b8c21";

/// OpenAPI operations on bulk deletions.
pub struct Deletions;

/// The property of an end user that the value is compared with.
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

/// An identifier of the end users to delete.
#[derive(Object)]
struct DeletionIdentifier {
    /// Type of the identifier: the property that `value` is compared with.
    r#type: DeletionIdentifierType,
    /// Value of the identifier.
    value: String,
    /// For `variable_match`: name of the metadata variable or of the profile field.
    #[oai(nullable)]
    variable: Option<String>,
}

/// A request to delete end users.
#[derive(Object)]
#[oai(example)]
struct DeletionRequest {
    /// 1 to 1000 identifiers.
    #[oai(validator(min_items = 1, max_items = 1000))]
    identifiers: Vec<DeletionIdentifier>,
    /// Your own reference for the request. The same request with the same reference within 24 hours returns
    /// the same job.
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

/// Status of a job.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum DeletionJobStatus {
    Queued,
    InProgress,
    Completed,
    Partial,
    Failed,
}

impl From<DeletionStatus> for DeletionJobStatus {
    fn from(status: DeletionStatus) -> Self {
        match status {
            DeletionStatus::Queued => Self::Queued,
            DeletionStatus::InProgress => Self::InProgress,
            DeletionStatus::Completed => Self::Completed,
            DeletionStatus::Partial => Self::Partial,
            DeletionStatus::Failed => Self::Failed,
        }
    }
}

/// An accepted deletion request.
#[derive(Object)]
#[oai(example)]
struct DeletionRequestAccepted {
    /// ID of the job.
    job_id: String,
    /// Status of the job.
    status: DeletionJobStatus,
    /// Number of submitted identifiers.
    submitted_count: u64,
    /// Time of submission (ISO 8601).
    created_at: String,
}

impl From<Deletion> for DeletionRequestAccepted {
    fn from(deletion: Deletion) -> Self {
        Self {
            job_id: deletion.id.to_string(),
            status: deletion.status.into(),
            submitted_count: deletion.submitted_count,
            created_at: format_time(deletion.created_at),
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

/// Disposition of an identifier.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case", rename = "IdentifierDispositionDisposition")]
enum DispositionDto {
    Accepted,
    NotFound,
    Invalid,
    ExceedsLimit,
    Duplicate,
}

impl From<Disposition> for DispositionDto {
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

/// An identifier with its disposition.
#[derive(Object)]
struct IdentifierDisposition {
    /// Type of the identifier.
    r#type: DeletionIdentifierType,
    /// Value of the identifier, as submitted.
    value: String,
    /// Name of the metadata variable or of the profile field.
    #[oai(nullable)]
    variable: Option<String>,
    /// Disposition of the identifier; absent until the job has processed it.
    #[oai(skip_serializing_if_is_none)]
    disposition: Option<DispositionDto>,
    /// Number of end users that the identifier matches.
    matched_chatters: u64,
    /// Reason why the identifier was not accepted.
    #[oai(nullable)]
    reason: Option<String>,
}

impl From<IdentifierResult> for IdentifierDisposition {
    fn from(outcome: IdentifierResult) -> Self {
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

/// A bulk deletion job.
#[derive(Object)]
#[oai(example)]
struct DeletionJob {
    /// ID of the job.
    job_id: String,
    /// Type of the job.
    r#type: String,
    /// Your own reference for the request.
    #[oai(nullable)]
    client_reference: Option<String>,
    /// Status of the job.
    status: DeletionJobStatus,
    /// The identifiers, in the order of the request.
    identifiers: Vec<IdentifierDisposition>,
    /// Time of submission (ISO 8601).
    created_at: String,
    /// Time at which the job ended (ISO 8601).
    #[oai(nullable)]
    completed_at: Option<String>,
    /// Reason why no identifier was accepted.
    #[oai(nullable)]
    failure_reason: Option<String>,
}

/// Type of bulk deletion jobs.
// wire: the vendor publishes the field, but not its value
const JOB_TYPE: &str = "end_user_deletion";

impl From<(Deletion, Vec<IdentifierResult>)> for DeletionJob {
    fn from((deletion, outcomes): (Deletion, Vec<IdentifierResult>)) -> Self {
        Self {
            job_id: deletion.id.to_string(),
            r#type: JOB_TYPE.to_owned(),
            client_reference: deletion.client_reference,
            status: deletion.status.into(),
            identifiers: outcomes.into_iter().map(Into::into).collect(),
            created_at: format_time(deletion.created_at),
            completed_at: deletion.completed_at.map(format_time),
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
                disposition: Some(DispositionDto::Accepted),
                matched_chatters: 1,
                reason: None,
            }],
            created_at: "2026-01-31T09:30:00.000000+00:00".to_owned(),
            completed_at: Some("2026-01-31T09:30:01.000000+00:00".to_owned()),
            failure_reason: None,
        }
    }
}

/// Response to a deletion request.
#[derive(ApiResponse)]
enum SubmitResponse {
    /// The new job, or the job of an identical earlier request
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
    /// Deletes end users with all of their data. A job does the work. An identifier that was accepted is not
    /// accepted again for seven days.
    #[oai(
        path = "/v2/end-users/delete",
        method = "post",
        operation_id = "submitABulkEndUserDeletionRequest"
    )]
    async fn submit_a_bulk_end_user_deletion_request(
        &self,
        caller: PlatformAuth,
        body: LimitedBody<DeletionRequest, REQUEST_MAX>,
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
    /// Returns the status of a job and the disposition of each identifier.
    #[oai(
        path = "/v2/jobs/:job_id",
        method = "get",
        operation_id = "getADeletionJob"
    )]
    async fn get_a_deletion_job(
        &self,
        caller: PlatformAuth,
        /// ID of the job.
        #[oai(example = "example_id")]
        job_id: Path<String>,
    ) -> Result<Json<DeletionJob>, Failed> {
        let found = deletion::find(&caller.0, job_id.0.into()).await?;
        Ok(Json(found.into()))
    }
}
