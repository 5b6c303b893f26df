//! `/v1/chat/actions` and `/v1/chat/integrations`: action calls between bots and integrations.

use poem_openapi::{
    Enum, Object, OpenApi,
    payload::Json,
    types::{Example, MaybeUndefined},
};
use serde_json::json;

use super::conversations::dto::EmptyObject;
use crate::{
    dialects::botpress::{Tag, auth::BotCaller, error::Failed},
    domain::bots::{actions, installations},
    http::{Body, JsonObject},
    kernel::Patch,
};

/// The operations on actions.
pub struct Actions;

/// A call of an action.
#[derive(Object)]
#[oai(example, rename = "callActionBody")]
struct CallActionBody {
    /// Type of the action: `integration:action`, or the name of an action of the bot. The integration is named by its
    /// alias in the bot or by its name.
    r#type: String,
    /// Input of the action. It must match the input schema of the action.
    input: JsonObject,
}

impl Example for CallActionBody {
    fn example() -> Self {
        Self {
            r#type: "telegram:sendTyping".to_owned(),
            input: JsonObject::from_value(json!({"seconds": 2})),
        }
    }
}

/// The result of an action.
#[derive(Object)]
#[oai(example, rename = "callActionResponse")]
struct CallActionResponse {
    /// Output of the action.
    output: JsonObject,
}

impl Example for CallActionResponse {
    fn example() -> Self {
        Self {
            output: JsonObject::from_value(json!({"ok": true})),
        }
    }
}

/// A schedule of calls of `register`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "kebab-case")]
enum RegisterSchedule {
    Hourly,
    Daily,
    Weekly,
    BiWeekly,
    Monthly,
    BiMonthly,
    Quarterly,
    Yearly,
}

/// Changes to the calling integration in a bot.
#[derive(Object)]
#[oai(example, rename = "configureIntegrationBody")]
struct ConfigureIntegrationBody {
    /// Value that identifies this bot in requests to the integration's shared webhook; null removes it.
    #[oai(nullable, validator(max_length = 200))]
    identifier: MaybeUndefined<String>,
    /// Schedule of further calls of `register`. This server accepts it, and does not call.
    schedule_register_call: Option<RegisterSchedule>,
    /// Identifiers of the sandbox. This server accepts them, without effect.
    #[oai(nullable)]
    sandbox_identifiers: MaybeUndefined<JsonObject>,
}

impl Example for ConfigureIntegrationBody {
    fn example() -> Self {
        Self {
            identifier: MaybeUndefined::Value("team-1043".to_owned()),
            schedule_register_call: None,
            sandbox_identifiers: MaybeUndefined::Undefined,
        }
    }
}

impl ConfigureIntegrationBody {
    fn into_identifier(self) -> Patch<String> {
        match self.identifier {
            MaybeUndefined::Undefined => Patch::Absent,
            MaybeUndefined::Null => Patch::Null,
            MaybeUndefined::Value(identifier) => Patch::Value(identifier),
        }
    }
}

#[OpenApi(tag = "Tag::Action")]
impl Actions {
    /// Call Action
    ///
    /// Calls an action of an integration or of the bot itself, and waits for its output.
    #[oai(
        path = "/v1/chat/actions",
        method = "post",
        operation_id = "callAction"
    )]
    async fn call_action(
        &self,
        caller: BotCaller,
        body: Body<CallActionBody>,
    ) -> Result<Json<CallActionResponse>, Failed> {
        let output = actions::call(&caller.0, &body.0.r#type, body.0.input.0).await?;
        Ok(Json(CallActionResponse {
            output: JsonObject(output),
        }))
    }

    /// Configure Integration
    ///
    /// Sets or removes the identifier of the calling integration in this bot. The identifier routes requests that
    /// arrive at the webhook that all installations of the integration share.
    #[oai(
        path = "/v1/chat/integrations/configure",
        method = "post",
        operation_id = "configureIntegration"
    )]
    async fn configure_integration(
        &self,
        caller: BotCaller,
        body: Body<ConfigureIntegrationBody>,
    ) -> Result<Json<EmptyObject>, Failed> {
        installations::set_identifier(&caller.0, body.0.into_identifier()).await?;
        Ok(Json(EmptyObject {}))
    }
}
