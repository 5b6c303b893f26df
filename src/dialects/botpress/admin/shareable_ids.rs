//! `/v1/admin/bots/{botId}/integrations/{integrationId}`: shareable ids of installations, and sandboxes.

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::non_empty_parameter,
    },
    domain::bots::installations::{self, InstallationRef},
    http::Body,
};

/// The operations on shareable ids and sandboxes.
pub struct ShareableIds;

/// A new shareable id.
#[derive(Object)]
#[oai(
    example,
    rename = "createIntegrationShareableIdResponse",
    rename_all = "camelCase"
)]
struct CreateShareableIdResponse {
    /// The id.
    shareable_id: String,
}

impl Example for CreateShareableIdResponse {
    fn example() -> Self {
        Self {
            shareable_id: "amber-1x2y3z4a5b".to_owned(),
        }
    }
}

/// A shareable id.
#[derive(Object)]
#[oai(
    example,
    rename = "getIntegrationShareableIdResponse",
    rename_all = "camelCase"
)]
struct GetShareableIdResponse {
    /// The id.
    shareable_id: String,
    /// True if it is older than a day.
    is_expired: bool,
}

impl Example for GetShareableIdResponse {
    fn example() -> Self {
        Self {
            shareable_id: "amber-1x2y3z4a5b".to_owned(),
            is_expired: false,
        }
    }
}

fn installation_ref(
    bot: Path<String>,
    integration: Path<String>,
    alias: Query<Option<String>>,
) -> InstallationRef {
    InstallationRef {
        bot: bot.0.into(),
        integration: integration.0.into(),
        alias: non_empty_parameter(alias.0),
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl ShareableIds {
    /// Create Integration Shareable ID
    ///
    /// Gives an installation a new shareable id, which is valid for a day.
    #[oai(
        path = "/v1/admin/bots/:botId/integrations/:integrationId/shareable-id",
        method = "post",
        operation_id = "createIntegrationShareableId"
    )]
    async fn create_integration_shareable_id(
        &self,
        caller: Developer,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Path<String>,
        /// Id of the integration.
        #[oai(name = "integrationId")]
        integration_id: Path<String>,
        /// Alias of the installation.
        #[oai(name = "integrationInstanceAlias")]
        alias: Query<Option<String>>,
        _body: Body<EmptyResponse>,
    ) -> Result<Json<CreateShareableIdResponse>, Failed> {
        let of = installation_ref(bot_id, integration_id, alias);
        let shareable_id = installations::create_shareable_id(&caller.0, of).await?;
        Ok(Json(CreateShareableIdResponse { shareable_id }))
    }

    /// Get Integration Shareable ID
    ///
    /// Returns the shareable id of an installation.
    #[oai(
        path = "/v1/admin/bots/:botId/integrations/:integrationId/shareable-id",
        method = "get",
        operation_id = "getIntegrationShareableId"
    )]
    async fn get_integration_shareable_id(
        &self,
        caller: Member,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Path<String>,
        /// Id of the integration.
        #[oai(name = "integrationId")]
        integration_id: Path<String>,
        /// Alias of the installation.
        #[oai(name = "integrationInstanceAlias")]
        alias: Query<Option<String>>,
    ) -> Result<Json<GetShareableIdResponse>, Failed> {
        let of = installation_ref(bot_id, integration_id, alias);
        let found = installations::get_shareable_id(&caller.0, &of)?;
        Ok(Json(GetShareableIdResponse {
            shareable_id: found.id,
            is_expired: found.is_expired,
        }))
    }

    /// Delete Integration Shareable ID
    ///
    /// Deletes the shareable id of an installation.
    #[oai(
        path = "/v1/admin/bots/:botId/integrations/:integrationId/shareable-id",
        method = "delete",
        operation_id = "deleteIntegrationShareableId"
    )]
    async fn delete_integration_shareable_id(
        &self,
        caller: Developer,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Path<String>,
        /// Id of the integration.
        #[oai(name = "integrationId")]
        integration_id: Path<String>,
        /// Alias of the installation.
        #[oai(name = "integrationInstanceAlias")]
        alias: Query<Option<String>>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let of = installation_ref(bot_id, integration_id, alias);
        installations::delete_shareable_id(&caller.0, of).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Unlink Sandboxed Conversations
    ///
    /// Ends the links between conversations and a sandbox. This server has no sandboxes, so it has no effect.
    #[oai(
        path = "/v1/admin/bots/:botId/integrations/:integrationId/sandboxed-conversations",
        method = "delete",
        operation_id = "unlinkSandboxedConversations"
    )]
    async fn unlink_sandboxed_conversations(
        &self,
        caller: Developer,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Path<String>,
        /// Id of the integration.
        #[oai(name = "integrationId")]
        integration_id: Path<String>,
        /// Alias of the installation.
        #[oai(name = "integrationInstanceAlias")]
        alias: Query<Option<String>>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let of = installation_ref(bot_id, integration_id, alias);
        installations::unlink_sandboxed_conversations(&caller.0, &of)?;
        Ok(EMPTY_RESPONSE)
    }
}
