//! `/v1/admin/bots/{id}/action-runs`: the last calls of actions.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};
use serde_json::json;

use crate::{
    dialects::botpress::{
        Tag,
        admin::logs_dto::parse_optional_time,
        auth::Member,
        error::Failed,
        paging::{PageMeta, parse_next_token},
    },
    domain::{
        bots::{
            action_runs::{self, ActionRun},
            manage::logs::Period,
        },
        shared::paging::Page,
    },
    http::{JsonObject, Nullable},
    kernel::Timestamp,
};

/// The operation on the calls of actions.
pub struct ActionRuns;

/// Outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "UPPERCASE")]
enum RunStatus {
    /// The integration has returned an output.
    Success,
    /// The call has failed.
    Failure,
}

/// A call of an action.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Run {
    /// Time of the end of the call, in ISO 8601.
    timestamp: String,
    /// Name of the integration.
    integration_name: String,
    /// Name of the action.
    action_type: String,
    /// Input; an input that is too long is cut, and then the member `preview` has its beginning as text.
    input: JsonObject,
    /// True if the input is cut.
    input_truncated: bool,
    /// Output, cut like the input; null after a failure.
    output: Nullable<JsonObject>,
    /// True if the output is cut.
    output_truncated: bool,
    /// Outcome of the call.
    status: RunStatus,
    /// Duration in milliseconds.
    duration_ms: u64,
    /// False: this server calls the integration each time.
    cached: bool,
    /// Reason of a failure; null after a success.
    error_message: Nullable<String>,
}

impl From<ActionRun> for Run {
    fn from(run: ActionRun) -> Self {
        Self {
            timestamp: run.at.to_rfc3339_millis(),
            integration_name: run.integration,
            action_type: run.action,
            input: JsonObject::from_value(run.input),
            input_truncated: run.input_truncated,
            status: match run.error {
                Some(_) => RunStatus::Failure,
                None => RunStatus::Success,
            },
            output: Nullable(run.output.map(JsonObject::from_value)),
            output_truncated: run.output_truncated,
            duration_ms: run.duration_ms,
            cached: false,
            error_message: Nullable(run.error),
        }
    }
}

/// A page of calls.
#[derive(Object)]
#[oai(example, rename = "listActionRunsResponse")]
struct ListActionRunsResponse {
    /// The calls, newest first.
    data: Vec<Run>,
    /// Position of the next page.
    meta: PageMeta,
}

impl From<Page<ActionRun>> for ListActionRunsResponse {
    fn from(page: Page<ActionRun>) -> Self {
        Self {
            data: page.items.into_iter().map(Run::from).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}

impl Example for ListActionRunsResponse {
    fn example() -> Self {
        Self {
            data: vec![Run {
                timestamp: "2026-01-31T09:30:00.000Z".to_owned(),
                integration_name: "whint".to_owned(),
                action_type: "whisper".to_owned(),
                input: JsonObject::from_value(json!({"text": "Hello"})),
                input_truncated: false,
                output: Nullable(Some(JsonObject::default())),
                output_truncated: false,
                status: RunStatus::Success,
                duration_ms: 12,
                cached: false,
                error_message: Nullable(None),
            }],
            meta: PageMeta::default(),
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl ActionRuns {
    /// List Action Runs
    ///
    /// Lists the last calls of the actions of an integration in a bot, newest first. They are kept as long as log lines.
    #[oai(
        path = "/v1/admin/bots/:id/action-runs",
        method = "get",
        operation_id = "listActionRuns"
    )]
    async fn list_action_runs(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// Name of the integration, or its alias in the bot.
        #[oai(name = "integrationName")]
        integration_name: Query<String>,
        /// Start of the period (inclusive), in ISO 8601.
        #[oai(name = "timestampFrom")]
        timestamp_from: Query<Option<String>>,
        /// End of the period (exclusive), in ISO 8601.
        #[oai(name = "timestampUntil")]
        timestamp_until: Query<Option<String>>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<ListActionRunsResponse>, Failed> {
        let start = parse_optional_time("timestampFrom", timestamp_from.0)?;
        let end = parse_optional_time("timestampUntil", timestamp_until.0)?;
        let period = Period {
            start: start.unwrap_or(Timestamp::from_micros(i64::MIN)),
            end: end.unwrap_or(Timestamp::from_micros(i64::MAX)),
        };
        let after = parse_next_token(next_token.0)?;
        let name = integration_name.0;
        let page = action_runs::list(&caller.0, &id.0.into(), name, period, after).await?;
        Ok(Json(page.into()))
    }
}
