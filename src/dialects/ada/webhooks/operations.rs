//! `/v2/webhooks`: an agent's webhook endpoints (ada.md §4).

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::dto::{
    EXAMPLE_ID, NewWebhook, RotateWebhookSecret, RotatedWebhookSecret, UpdateWebhook, Webhook,
    WebhookEventTypes, WebhookPage, WebhookSecret,
};
use crate::{
    dialects::ada::{
        Tag,
        auth::PlatformAuth,
        error::Failed,
        paging::{self, Meta},
    },
    domain::webhooks::{self, PageRequest},
    http::Body,
};

/// Path of the list in `next_page_url`.
const LIST_PATH: &str = "/api/v2/webhooks/";

/// OpenAPI operations on webhooks.
pub struct Webhooks;

/// Response to a create request.
#[derive(ApiResponse)]
enum CreateWebhookResponse {
    /// The new webhook
    #[oai(status = 201)]
    Created(Json<Webhook>),
}

/// Response to a delete request.
#[derive(ApiResponse)]
enum DeleteWebhookResponse {
    /// Deleted, no body
    #[oai(status = 204)]
    NoContent,
}

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

#[OpenApi(prefix_path = "/v2/webhooks", tag = "Tag::Webhooks")]
impl Webhooks {
    /// List webhooks
    ///
    /// Lists the webhooks of the AI agent, oldest first.
    #[oai(path = "/", method = "get", operation_id = "listWebhooks")]
    async fn list_webhooks(
        &self,
        request: &Request,
        platform: PlatformAuth,
        /// Maximum number of webhooks: 1 to 100, 100 by default.
        #[oai(
            example = "paging::example_limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<Option<u32>>,
        /// Start of the page, from the `next_page_url` of the previous page.
        #[oai(example = "paging::example_empty")]
        cursor: Query<Option<String>>,
    ) -> Result<Json<WebhookPage>, Failed> {
        let slice = PageRequest {
            from: paging::non_empty(cursor.0).map(Into::into),
            limit: paging::page_size(limit.0),
        };
        let listed = webhooks::list(&platform.0, slice).await?;
        let next = listed.next.as_ref().map(|id| id.as_str());
        Ok(Json(WebhookPage {
            meta: Meta::next(request, LIST_PATH, next),
            data: listed.items.into_iter().map(Into::into).collect(),
        }))
    }

    /// Create webhook
    ///
    /// The secret of the webhook is generated with it; read it with "Get webhook secret".
    #[oai(path = "/", method = "post", operation_id = "createWebhook")]
    async fn create_webhook(
        &self,
        platform: PlatformAuth,
        body: Body<NewWebhook>,
    ) -> Result<CreateWebhookResponse, Failed> {
        let created = webhooks::create(&platform.0, body.0.into()).await?;
        Ok(CreateWebhookResponse::Created(Json(created.into())))
    }

    /// List webhook event types
    ///
    /// Lists the types of events that webhooks can receive.
    #[oai(
        path = "/event-types",
        method = "get",
        operation_id = "listWebhookEventTypes"
    )]
    async fn list_webhook_event_types(
        &self,
        _platform: PlatformAuth,
    ) -> Result<Json<WebhookEventTypes>, Failed> {
        Ok(Json(WebhookEventTypes::all()))
    }

    /// Get webhook
    #[oai(path = "/:id", method = "get", operation_id = "getWebhook")]
    async fn get_webhook(
        &self,
        platform: PlatformAuth,
        /// ID of the webhook.
        #[oai(example = "example_id")]
        id: Path<String>,
    ) -> Result<Json<Webhook>, Failed> {
        let found = webhooks::find(&platform.0, &id.0.into())?;
        Ok(Json(found.into()))
    }

    /// Update webhook
    ///
    /// Omitted fields keep their values. `enabled: true` re-enables a webhook that was disabled because its
    /// deliveries failed.
    #[oai(path = "/:id", method = "patch", operation_id = "updateWebhook")]
    async fn update_webhook(
        &self,
        platform: PlatformAuth,
        /// ID of the webhook.
        #[oai(example = "example_id")]
        id: Path<String>,
        body: Body<UpdateWebhook>,
    ) -> Result<Json<Webhook>, Failed> {
        let updated = webhooks::update(&platform.0, id.0.into(), body.0.into()).await?;
        Ok(Json(updated.into()))
    }

    /// Delete webhook
    #[oai(path = "/:id", method = "delete", operation_id = "deleteWebhook")]
    async fn delete_webhook(
        &self,
        platform: PlatformAuth,
        /// ID of the webhook.
        #[oai(example = "example_id")]
        id: Path<String>,
    ) -> Result<DeleteWebhookResponse, Failed> {
        webhooks::delete(&platform.0, id.0.into()).await?;
        Ok(DeleteWebhookResponse::NoContent)
    }

    /// Get webhook secret
    ///
    /// Returns the secret that signs the messages to the webhook.
    #[oai(
        path = "/:id/secret",
        method = "get",
        operation_id = "getWebhookSecret"
    )]
    async fn get_webhook_secret(
        &self,
        platform: PlatformAuth,
        /// ID of the webhook.
        #[oai(example = "example_id")]
        id: Path<String>,
    ) -> Result<Json<WebhookSecret>, Failed> {
        let secret = webhooks::load_secret(&platform.0, &id.0.into())?;
        Ok(Json(secret.into()))
    }

    /// Rotate webhook secret
    ///
    /// For 24 hours, messages are signed with the old secret too.
    #[oai(
        path = "/:id/secret/rotate",
        method = "post",
        operation_id = "rotateWebhookSecret"
    )]
    async fn rotate_webhook_secret(
        &self,
        platform: PlatformAuth,
        /// ID of the webhook.
        #[oai(example = "example_id")]
        id: Path<String>,
        body: Body<RotateWebhookSecret>,
    ) -> Result<Json<RotatedWebhookSecret>, Failed> {
        webhooks::rotate_secret(&platform.0, id.0.into(), body.0.key.as_deref()).await?;
        Ok(Json(RotatedWebhookSecret {}))
    }
}
