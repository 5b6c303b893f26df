//! `/v1/admin/introspect`: the principal behind a token.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use crate::{
    dialects::botpress::{Tag, auth::TokenHolder, error::Failed},
    http::Body,
};

/// The operation that returns the principal behind a token.
pub struct Introspect;

/// The bot to check the token against.
#[derive(Object)]
#[oai(example, rename = "introspectBody", rename_all = "camelCase")]
struct IntrospectBody {
    /// Id of the bot.
    bot_id: String,
}

impl Example for IntrospectBody {
    fn example() -> Self {
        Self {
            bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
        }
    }
}

/// The principal behind a token in a bot.
#[derive(Object)]
#[oai(example, rename = "introspectResponse", rename_all = "camelCase")]
struct IntrospectResponse {
    /// Id of the bot's workspace.
    workspace_id: String,
    /// Id of the bot.
    bot_id: String,
    /// Id of the calling account; the bot's id if the token belongs to no account.
    user_id: String,
}

impl Example for IntrospectResponse {
    fn example() -> Self {
        Self {
            workspace_id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
            user_id: "0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11".to_owned(),
        }
    }
}

#[OpenApi(tag = "Tag::Account")]
impl Introspect {
    /// Introspect
    ///
    /// Returns the principal for which the token acts in a bot.
    #[oai(
        path = "/v1/admin/introspect",
        method = "post",
        operation_id = "introspect"
    )]
    async fn introspect(
        &self,
        caller: TokenHolder,
        body: Body<IntrospectBody>,
    ) -> Result<Json<IntrospectResponse>, Failed> {
        let found = caller.0.introspect(&body.0.bot_id)?;
        Ok(Json(IntrospectResponse {
            workspace_id: found.workspace.to_string(),
            bot_id: found.bot.to_string(),
            user_id: found.user,
        }))
    }
}
