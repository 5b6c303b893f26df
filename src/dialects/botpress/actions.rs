//! `/v1/chat/actions` and `/v1/chat/integrations`: what bots and integrations ask of one another.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};
use serde_json::json;

use super::{Tag, auth::InBot, conversations_wire::Nothing, error::Failed};
use crate::{
    domain::bots::{actions, installations},
    http::{Body, JsonObject},
};

/// The operations on actions.
pub struct Actions;

/// An action to call.
#[derive(Object)]
#[oai(example, rename = "callActionBody")]
struct CallActionBody {
    /// Which: `integration:action`.
    r#type: String,
    /// What it is given. It keeps to what the integration declares.
    input: JsonObject,
}

impl Example for CallActionBody {
    fn example() -> Self {
        Self {
            r#type: "telegram:sendTyping".to_owned(),
            input: JsonObject::of(json!({"seconds": 2})),
        }
    }
}

/// What an action comes to.
#[derive(Object)]
#[oai(example, rename = "callActionResponse")]
struct CallActionResponse {
    /// What the integration answers.
    output: JsonObject,
}

impl Example for CallActionResponse {
    fn example() -> Self {
        Self {
            output: JsonObject::of(json!({"ok": true})),
        }
    }
}

/// What an integration is to be found by.
#[derive(Object)]
#[oai(example, rename = "configureIntegrationBody")]
struct ConfigureIntegrationBody {
    /// What requests to its shared webhook have that are meant for this bot.
    identifier: String,
}

impl Example for ConfigureIntegrationBody {
    fn example() -> Self {
        Self {
            identifier: "team-1043".to_owned(),
        }
    }
}

#[OpenApi(tag = "Tag::Action")]
impl Actions {
    /// Call Action
    ///
    /// Ask an integration to do something, and wait for what it answers.
    #[oai(
        path = "/v1/chat/actions",
        method = "post",
        operation_id = "callAction"
    )]
    async fn call_action(
        &self,
        caller: InBot,
        body: Body<CallActionBody>,
    ) -> Result<Json<CallActionResponse>, Failed> {
        let output = actions::call(&caller.0, &body.0.r#type, body.0.input.0).await?;
        Ok(Json(CallActionResponse {
            output: JsonObject(output),
        }))
    }

    /// Configure Integration
    ///
    /// Set what the calling integration is found by in this bot, when a request comes to the webhook
    /// that all its installations share.
    #[oai(
        path = "/v1/chat/integrations/configure",
        method = "post",
        operation_id = "configureIntegration"
    )]
    async fn configure_integration(
        &self,
        caller: InBot,
        body: Body<ConfigureIntegrationBody>,
    ) -> Result<Json<Nothing>, Failed> {
        installations::set_identifier(&caller.0, body.0.identifier).await?;
        Ok(Json(Nothing {}))
    }
}
