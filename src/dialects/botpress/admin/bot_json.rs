//! The document of a bot in Studio's format.

use poem_openapi::{NewType, Object, OpenApi, param::Path, payload::Json, types::Example};
use serde_json::json;

use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::bots::documents,
    http::{Body, JsonObject},
};

/// The operations on the document of a bot.
pub struct BotJson;

/// A document in Studio's format: any JSON object.
#[derive(NewType)]
#[oai(
    from_parameter = false,
    from_multipart = false,
    to_header = false,
    example
)]
struct BotDocument(JsonObject);

impl Example for BotDocument {
    fn example() -> Self {
        Self(JsonObject::from_value(
            json!({"version": "1.0", "flows": []}),
        ))
    }
}

/// The document to publish from.
#[derive(Object)]
#[oai(example, rename = "publishFromBotJsonBody", rename_all = "camelCase")]
struct PublishBody {
    /// The document: any JSON object.
    bot_json: JsonObject,
}

impl Example for PublishBody {
    fn example() -> Self {
        Self {
            bot_json: BotDocument::example().0,
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl BotJson {
    /// Get Bot JSON
    ///
    /// Returns the document that the bot was last published from.
    #[oai(
        path = "/v1/admin/bots/:id/bot-json",
        method = "get",
        operation_id = "getBotJson"
    )]
    async fn get_bot_json(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
    ) -> Result<Json<BotDocument>, Failed> {
        let found = documents::get(&caller.0, &id.0.into())?;
        Ok(Json(BotDocument(JsonObject(found))))
    }

    /// Publish From Bot JSON
    ///
    /// Stores the document of a bot in Studio's format. It has no effect on the code of the bot.
    #[oai(
        path = "/v1/admin/bots/:id/publish-from-bot-json",
        method = "post",
        operation_id = "publishFromBotJson"
    )]
    async fn publish_from_bot_json(
        &self,
        caller: Developer,
        /// Id of the bot.
        id: Path<String>,
        body: Body<PublishBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        documents::publish(&caller.0, id.0.into(), body.0.bot_json.0).await?;
        Ok(EMPTY_RESPONSE)
    }
}
