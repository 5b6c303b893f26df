//! `/v1/admin/bots`: the bots of a workspace.

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    dto::{Bot, BotResponse, CreateBotBody},
    request::{ListBotsResponse, TransferBotBody, UpdateBotBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Manager, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::parse_next_token,
        settings::Settings,
    },
    domain::bots::manage,
    http::Body,
};

/// The operations on bots.
pub struct Bots {
    settings: Settings,
}

impl Bots {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn to_response(&self, request: &Request, bot: manage::Bot) -> Json<BotResponse> {
        let addresses = self.settings.base_urls(request);
        Json(BotResponse {
            bot: Bot::new(&addresses, bot),
        })
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl Bots {
    /// Create Bot
    ///
    /// Creates a bot, which is an agent in every API. All fields are optional.
    #[oai(path = "/v1/admin/bots", method = "post", operation_id = "createBot")]
    async fn create_bot(
        &self,
        caller: Developer,
        request: &Request,
        body: Body<CreateBotBody>,
    ) -> Result<Json<BotResponse>, Failed> {
        let bot = manage::create(&caller.0, body.0.into_new_bot(caller.0.schema_limits())?).await?;
        Ok(self.to_response(request, bot))
    }

    /// List Bots
    ///
    /// Lists the bots of the workspace, newest first.
    #[oai(path = "/v1/admin/bots", method = "get", operation_id = "listBots")]
    async fn list_bots(
        &self,
        caller: Member,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// `true` selects bots in development, `false` all others.
        dev: Query<Option<bool>>,
    ) -> Result<Json<ListBotsResponse>, Failed> {
        let page = manage::list(&caller.0, dev.0, parse_next_token(next_token.0)?).await?;
        Ok(Json(page.into()))
    }

    /// Get Bot
    ///
    /// Returns one bot.
    #[oai(path = "/v1/admin/bots/:id", method = "get", operation_id = "getBot")]
    async fn get_bot(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
    ) -> Result<Json<BotResponse>, Failed> {
        let bot = manage::find(&caller.0, id.0.into()).await?;
        Ok(self.to_response(request, bot))
    }

    /// Update Bot
    ///
    /// Updates a bot. Absent fields keep their value; null removes a named entry. This operation also
    /// installs, configures, disables and removes integrations.
    #[oai(
        path = "/v1/admin/bots/:id",
        method = "put",
        operation_id = "updateBot"
    )]
    async fn update_bot(
        &self,
        caller: Developer,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
        body: Body<UpdateBotBody>,
    ) -> Result<Json<BotResponse>, Failed> {
        let update = body.0.into_update(
            self.settings.base_urls(request).webhooks,
            caller.0.schema_limits(),
        )?;
        let bot = manage::update(&caller.0, id.0.into(), update).await?;
        Ok(self.to_response(request, bot))
    }

    /// Delete Bot
    ///
    /// Deletes a bot and all its data, in every API.
    #[oai(
        path = "/v1/admin/bots/:id",
        method = "delete",
        operation_id = "deleteBot"
    )]
    async fn delete_bot(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let webhooks = self.settings.base_urls(request).webhooks;
        manage::delete(&caller.0, id.0.into(), webhooks).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Transfer Bot
    ///
    /// Moves a bot to another workspace. Requires the role manager in this workspace and developer in the
    /// target workspace.
    #[oai(
        path = "/v1/admin/bots/:id/transfer",
        method = "post",
        operation_id = "transferBot"
    )]
    async fn transfer_bot(
        &self,
        caller: Manager,
        /// Id of the bot.
        id: Path<String>,
        body: Body<TransferBotBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let target = body.0.target_workspace_id.into();
        manage::transfer(&caller.0, id.0.into(), target).await?;
        Ok(EMPTY_RESPONSE)
    }
}
