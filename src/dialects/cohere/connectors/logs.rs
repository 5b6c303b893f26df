//! `/connectors/logs`: the log of calls to connectors.

use poem_openapi::{Object, OpenApi, param::Query, types::Example};
use serde::Serialize;

use crate::{
    dialects::cohere::{Tag, auth::OrganizationAuth, error::Failed, paging},
    domain::retrieval::connectors::{self, LogEntry, LogFilter},
    http::DirectJson,
    kernel::{Result, Rule, Timestamp, Violation},
};

/// A call to a connector.
#[derive(Object, Serialize)]
#[oai(example, skip_serializing_if_is_none)]
struct ConnectorLog {
    /// ID of the log entry.
    id: String,
    /// ID of the connector.
    connector_id: String,
    /// ID of the request that made the call.
    request_id: String,
    /// ID of the API key that made the request.
    user_id: String,
    /// ID of the organization.
    organization_id: String,
    /// Time of the call (RFC 3339).
    created_at: String,
    /// HTTP status of the connector's response; 0 if there was none.
    status_code: u16,
    /// Duration of the call, in milliseconds.
    duration_millis: u64,
    /// Error message, if the call failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

impl From<LogEntry> for ConnectorLog {
    fn from(entry: LogEntry) -> Self {
        Self {
            id: entry.id.into(),
            connector_id: entry.connector_id.into(),
            request_id: entry.request_id,
            user_id: entry.user_id.into(),
            organization_id: entry.workspace_id.into(),
            created_at: entry.created_at.to_rfc3339_micros(),
            status_code: entry.status_code,
            duration_millis: entry.duration_millis,
            error_message: entry.error_message,
        }
    }
}

impl Example for ConnectorLog {
    fn example() -> Self {
        Self {
            id: "0195d4a0-1c7e-7d3e-9b1a-5f2f6c0d8e11".to_owned(),
            connector_id: super::dto::EXAMPLE_ID.to_owned(),
            request_id: "0f7a1c1e-5a3c-4f0e-9f57-3a1b6a2f3c4d".to_owned(),
            user_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
            organization_id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            created_at: "2026-01-02T03:04:05.678901Z".to_owned(),
            status_code: 502,
            duration_millis: 41,
            error_message: Some("request failed with status code 502: no index".to_owned()),
        }
    }
}

/// A page of calls to connectors.
#[derive(Object, Serialize)]
#[oai(example)]
struct GetConnectorsLogsResponse {
    /// The calls, newest first.
    connector_logs: Vec<ConnectorLog>,
    /// Total number of calls.
    total: u64,
}

impl Example for GetConnectorsLogsResponse {
    fn example() -> Self {
        Self {
            connector_logs: vec![ConnectorLog::example()],
            total: 1,
        }
    }
}

/// OpenAPI operation on the log of connectors.
pub struct ConnectorLogs;

#[OpenApi(tag = "Tag::Connectors")]
impl ConnectorLogs {
    /// List calls of connectors
    ///
    /// Lists the calls to connectors, newest first. The server keeps only the newest calls of each connector.
    // wire: the vendor published the schemas and an old parameter list, but not the path; no connector can
    // have the ID `logs` (cohere.md §3.7)
    #[oai(
        path = "/connectors/logs",
        method = "get",
        operation_id = "getConnectorLogs"
    )]
    #[expect(clippy::too_many_arguments, reason = "the vendor's list of parameters")]
    async fn get_connector_logs(
        &self,
        user: OrganizationAuth,
        /// Maximum number of entries to return [0, 100].
        #[oai(validator(minimum(value = "0"), maximum(value = "100")))]
        limit: Query<Option<f64>>,
        /// Number of entries to skip before returning results [0, inf].
        #[oai(validator(minimum(value = "0"), maximum(value = "9007199254740991")))]
        offset: Query<Option<f64>>,
        /// Organization ID to filter by.
        #[oai(name = "organizationId")]
        organization_id: Query<Option<String>>,
        /// Connector IDs to filter by.
        #[oai(name = "connectorIds")]
        connector_ids: Query<Option<Vec<String>>>,
        /// Start timestamp to filter by.
        #[oai(name = "startTimestamp")]
        start: Query<Option<String>>,
        /// End timestamp to filter by.
        #[oai(name = "endTimestamp")]
        end: Query<Option<String>>,
        /// Lower limit of status code to filter by.
        #[oai(
            name = "statusCodeFilter.lowerLimit",
            validator(minimum(value = "0"), maximum(value = "999"))
        )]
        lowest: Query<Option<f64>>,
        /// Upper limit of status code to filter by.
        #[oai(
            name = "statusCodeFilter.upperLimit",
            validator(minimum(value = "0"), maximum(value = "999"))
        )]
        highest: Query<Option<f64>>,
    ) -> Result<DirectJson<GetConnectorsLogsResponse>, Failed> {
        let ids = connector_ids.0.filter(|ids| !ids.is_empty());
        let filter = LogFilter {
            workspace: organization_id.0.map(Into::into),
            connectors: ids.map(|ids| ids.into_iter().map(Into::into).collect()),
            from: parse_time("startTimestamp", start.0)?,
            until: parse_time("endTimestamp", end.0)?,
            lowest_status: lowest.0.map(to_status),
            highest_status: highest.0.map(to_status),
        };
        let slice = paging::to_slice(limit.0, offset.0);
        let listed = connectors::list_logs(&user.0, filter, slice).await?;
        Ok(DirectJson(GetConnectorsLogsResponse {
            connector_logs: listed.items.into_iter().map(Into::into).collect(),
            total: listed.total,
        }))
    }
}

fn parse_time(name: &str, text: Option<String>) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    match Timestamp::parse_rfc3339(&text) {
        Some(time) => Ok(Some(time)),
        None => Err(Violation::query(name, Rule::Format("date-time".to_owned())).into()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 999"
)]
fn to_status(value: f64) -> u16 {
    value.floor() as u16
}
