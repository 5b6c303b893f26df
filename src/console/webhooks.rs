//! `/webhooks`: the deliveries to every agent's webhook endpoints.

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    Tag,
    auth::Operator,
    error::ApiError,
    webhooks_dto::{
        AttemptPage, Endpoints, ExampleMessage, ResendMessageRequest, ResendResult,
        ResendSinceRequest, SendExampleRequest,
    },
};
use crate::{
    domain::webhooks,
    http::Body,
    kernel::{Error, Result, Rule, Timestamp, Violation},
};

/// Maximum number of attempts on a page.
const LIMIT_MAX: u32 = 1000;
/// Default number of attempts on a page.
const LIMIT_DEFAULT: u32 = 100;

/// The operations on webhooks.
pub struct WebhooksApi;

/// The response to a redelivery, which happens after it.
#[derive(ApiResponse)]
enum Accepted {
    /// The messages are queued
    #[oai(status = 202)]
    Resent(Json<ResendResult>),
}

/// The response to an example, which is sent after it.
#[derive(ApiResponse)]
enum ExampleAccepted {
    /// The example is queued
    #[oai(status = 202)]
    Example(Json<ExampleMessage>),
}

fn parse_since(text: &str) -> Result<Timestamp> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        let rule = Rule::Format("RFC 3339 date and time".to_owned());
        Error::from(Violation::body(["since"], rule))
    })
}

fn accept_resend(deliveries: u64) -> Accepted {
    Accepted::Resent(Json(ResendResult { deliveries }))
}

#[OpenApi(tag = "Tag::Webhooks")]
impl WebhooksApi {
    /// List webhook endpoints
    ///
    /// Lists the endpoints of every agent with their state.
    #[oai(path = "/webhooks", method = "get", operation_id = "list_webhooks")]
    async fn list_webhooks(&self, operator: Operator) -> Result<Json<Endpoints>, ApiError> {
        let endpoints = webhooks::list_all(operator.0.app()).await?;
        Ok(Json(endpoints.into()))
    }

    /// List attempts
    ///
    /// Lists the attempts to deliver messages to an endpoint, newest first.
    #[oai(
        path = "/webhooks/:endpoint/attempts",
        method = "get",
        operation_id = "list_webhook_attempts"
    )]
    async fn list_webhook_attempts(
        &self,
        operator: Operator,
        /// The endpoint's id.
        endpoint: Path<String>,
        /// Maximum number of attempts: 1 to 1000; 100 by default.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<AttemptPage>, ApiError> {
        let limit = match limit.0.unwrap_or(LIMIT_DEFAULT) {
            0 => {
                return Err(
                    Error::from(Violation::query("limit", Rule::Minimum("1".to_owned()))).into(),
                );
            }
            limit if limit > LIMIT_MAX => {
                let rule = Rule::Maximum(LIMIT_MAX.to_string());
                return Err(Error::from(Violation::query("limit", rule)).into());
            }
            limit => limit,
        };
        let cursor = cursor.0.map(Into::into);
        let page =
            webhooks::list_attempts(operator.0.app(), endpoint.0.into(), cursor, limit).await?;
        Ok(Json(page.into()))
    }

    /// Resend a message
    ///
    /// Makes one attempt immediately, without retries.
    #[oai(
        path = "/webhooks/:endpoint/resend",
        method = "post",
        operation_id = "resend_webhook_message"
    )]
    async fn resend_webhook_message(
        &self,
        operator: Operator,
        /// The endpoint's id.
        endpoint: Path<String>,
        body: Body<ResendMessageRequest>,
    ) -> Result<Accepted, ApiError> {
        let message = body.0.message_id.into();
        webhooks::resend(&operator.0, endpoint.0.into(), message).await?;
        Ok(accept_resend(1))
    }

    /// Replay messages
    ///
    /// Sends every message since a time that matches the endpoint's filters, delivered or not. That includes messages
    /// from while the endpoint was disabled or did not exist.
    #[oai(
        path = "/webhooks/:endpoint/replay",
        method = "post",
        operation_id = "replay_webhook_messages"
    )]
    async fn replay_webhook_messages(
        &self,
        operator: Operator,
        /// The endpoint's id.
        endpoint: Path<String>,
        body: Body<ResendSinceRequest>,
    ) -> Result<Accepted, ApiError> {
        let since = parse_since(&body.0.since)?;
        let count = webhooks::replay(&operator.0, endpoint.0.into(), since).await?;
        Ok(accept_resend(count))
    }

    /// Recover failed messages
    ///
    /// Sends the messages since a time whose delivery failed, with a new schedule of retries.
    #[oai(
        path = "/webhooks/:endpoint/recover",
        method = "post",
        operation_id = "recover_webhook_messages"
    )]
    async fn recover_webhook_messages(
        &self,
        operator: Operator,
        /// The endpoint's id.
        endpoint: Path<String>,
        body: Body<ResendSinceRequest>,
    ) -> Result<Accepted, ApiError> {
        let since = parse_since(&body.0.since)?;
        let count = webhooks::recover(&operator.0, endpoint.0.into(), since).await?;
        Ok(accept_resend(count))
    }

    /// Send an example
    ///
    /// Sends an event with example data to this endpoint only, even if its filters do not match.
    #[oai(
        path = "/webhooks/:endpoint/example",
        method = "post",
        operation_id = "send_webhook_example"
    )]
    async fn send_webhook_example(
        &self,
        operator: Operator,
        /// The endpoint's id.
        endpoint: Path<String>,
        body: Body<SendExampleRequest>,
    ) -> Result<ExampleAccepted, ApiError> {
        let event_type = &body.0.event_type;
        let message = webhooks::send_example(&operator.0, endpoint.0.into(), event_type).await?;
        Ok(ExampleAccepted::Example(Json(message.into())))
    }
}
