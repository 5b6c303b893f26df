//! `/v1/admin/bots`: the bots of a workspace.

use poem::Request;
use poem_openapi::{OpenApi, param::Path, payload::Json};

use super::{
    Tag,
    auth::Member,
    bots_wire::{Bot, BotResponse, CreateBotBody},
    error::Failed,
    settings::Settings,
};
use crate::{domain::bots, http::Body};

/// The operations on bots.
pub struct Bots {
    settings: Settings,
}

impl Bots {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn shown(&self, request: &Request, bot: bots::Bot) -> Json<BotResponse> {
        let origin = self.settings.origin(request);
        Json(BotResponse {
            bot: Bot::at(&origin, bot),
        })
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl Bots {
    /// Create Bot
    ///
    /// Create a bot, which is an agent in every API. All of its members may be left out.
    #[oai(path = "/v1/admin/bots", method = "post", operation_id = "createBot")]
    async fn create_bot(
        &self,
        caller: Member,
        request: &Request,
        body: Body<CreateBotBody>,
    ) -> Result<Json<BotResponse>, Failed> {
        let bot = bots::create(&caller.0, body.0.given()?).await?;
        Ok(self.shown(request, bot))
    }

    /// Get Bot
    ///
    /// Read one bot.
    #[oai(path = "/v1/admin/bots/:id", method = "get", operation_id = "getBot")]
    async fn get_bot(
        &self,
        caller: Member,
        request: &Request,
        /// The bot's id.
        id: Path<String>,
    ) -> Result<Json<BotResponse>, Failed> {
        let bot = bots::find(&caller.0, id.0.into()).await?;
        Ok(self.shown(request, bot))
    }
}
