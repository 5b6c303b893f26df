//! `/v1/chat/states`: the stored state of bots and integrations.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::Path,
    payload::Json,
    types::{Example, ToJSON},
};
use serde_json::{Value, json};

use super::{state_expiry::NullableExpiry, users::dto::EXAMPLE_TIME};
use crate::{
    dialects::botpress::{Tag, auth::BotCaller, error::Failed},
    domain::bots::states::{self, Key, StateKind},
    http::{Body, JsonObject, Nullable},
    kernel::ids::AgentId,
};

/// The operations on states.
pub struct States;

/// Owner type of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum StateType {
    /// A conversation.
    Conversation,
    /// A user.
    User,
    /// The bot.
    Bot,
    /// The installation of an integration.
    Integration,
    /// A task.
    Task,
    /// A workflow.
    Workflow,
}

impl From<StateType> for StateKind {
    fn from(kind: StateType) -> Self {
        match kind {
            StateType::Conversation => Self::Conversation,
            StateType::User => Self::User,
            StateType::Bot => Self::Bot,
            StateType::Integration => Self::Integration,
            StateType::Task => Self::Task,
            StateType::Workflow => Self::Workflow,
        }
    }
}

impl From<StateKind> for StateType {
    fn from(kind: StateKind) -> Self {
        match kind {
            StateKind::Conversation => Self::Conversation,
            StateKind::User => Self::User,
            StateKind::Bot => Self::Bot,
            StateKind::Integration => Self::Integration,
            StateKind::Task => Self::Task,
            StateKind::Workflow => Self::Workflow,
        }
    }
}

/// A state.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct State {
    /// Id of the state.
    id: String,
    /// Time of the first write, in ISO 8601.
    created_at: String,
    /// Time of the last write, in ISO 8601.
    updated_at: String,
    /// Id of the bot.
    bot_id: String,
    /// Id of the conversation that owns the state.
    #[oai(skip_serializing_if_is_none)]
    conversation_id: Option<String>,
    /// Id of the user who owns the state.
    #[oai(skip_serializing_if_is_none)]
    user_id: Option<String>,
    /// Name of the state.
    name: String,
    /// Owner type of the state.
    r#type: StateType,
    /// Payload of the state.
    payload: JsonObject,
}

impl State {
    /// Converts a state of the bot with this id.
    fn new(bot: &AgentId, state: states::State) -> Self {
        Self {
            id: state.id.to_string(),
            created_at: state.created_at.to_rfc3339_millis(),
            updated_at: state.updated_at.to_rfc3339_millis(),
            bot_id: bot.to_string(),
            conversation_id: state.conversation_id.map(|id| id.to_string()),
            user_id: state.user_id.map(|id| id.to_string()),
            name: state.name,
            r#type: state.kind.into(),
            payload: JsonObject(state.payload),
        }
    }
}

/// Renders a state of the bot with this id for an event.
pub fn render_state(bot: &AgentId, state: states::State) -> Value {
    State::new(bot, state).to_json().unwrap_or_default()
}

/// One state.
#[derive(Object)]
#[oai(example, rename = "StateResponse")]
struct StateResponse {
    /// The state.
    state: State,
}

impl Example for StateResponse {
    fn example() -> Self {
        Self {
            state: State {
                id: "0194bb14-9d44-7f12-8c63-0b1a2d3e4f65".to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
                conversation_id: None,
                user_id: Some(super::users::dto::EXAMPLE_ID.to_owned()),
                name: "profile".to_owned(),
                r#type: StateType::User,
                payload: JsonObject::from_value(json!({"age": 42})),
            },
        }
    }
}

/// The new value of a state.
#[derive(Object)]
#[oai(example, rename = "setStateBody")]
struct SetStateBody {
    /// New payload, which replaces the current one; null clears it.
    payload: Nullable<JsonObject>,
    /// Time without a write after which the state expires, in milliseconds; the declared expiry if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "2592000000")))]
    expiry: Option<f64>,
}

impl Example for SetStateBody {
    fn example() -> Self {
        Self {
            payload: Nullable(Some(JsonObject::from_value(json!({"age": 42})))),
            expiry: None,
        }
    }
}

/// A patch of a state's payload.
#[derive(Object)]
#[oai(example, rename = "patchStateBody")]
struct PatchStateBody {
    /// Members of the payload to set. Other members keep their value.
    payload: JsonObject,
}

impl Example for PatchStateBody {
    fn example() -> Self {
        Self {
            payload: JsonObject::from_value(json!({"age": 43})),
        }
    }
}

/// The value of a state that is not set yet.
#[derive(Object)]
#[oai(example, rename = "getOrSetStateBody")]
struct GetOrSetStateBody {
    /// Payload for a state that is not set; otherwise it has no effect.
    payload: JsonObject,
    /// Time without a write after which the new state expires, in milliseconds; the declared expiry if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "2592000000")))]
    expiry: Option<f64>,
}

impl Example for GetOrSetStateBody {
    fn example() -> Self {
        Self {
            payload: JsonObject::from_value(json!({"age": 42})),
            expiry: None,
        }
    }
}

/// A state that was set before or is set now.
#[derive(Object)]
#[oai(example, rename = "getOrSetStateResponse")]
struct GetOrSetStateResponse {
    /// The state.
    state: State,
    /// Origin of the response.
    meta: ResponseMeta,
}

impl Example for GetOrSetStateResponse {
    fn example() -> Self {
        Self {
            state: StateResponse::example().state,
            meta: ResponseMeta { cached: false },
        }
    }
}

/// The origin of a response.
#[derive(Object)]
#[oai(rename = "ResponseMeta")]
struct ResponseMeta {
    /// True if the response comes from a cache, which this server does not have.
    cached: bool,
}

/// The expiry of a state.
#[derive(Object)]
#[oai(example, rename = "setStateExpiryBody")]
struct SetStateExpiryBody {
    /// Time without a write after which the state expires, in milliseconds; null means never.
    expiry: NullableExpiry,
}

impl Example for SetStateExpiryBody {
    fn example() -> Self {
        Self {
            expiry: NullableExpiry(Some(60_000.0)),
        }
    }
}

#[OpenApi(tag = "Tag::State")]
impl States {
    /// Get State
    ///
    /// Returns a state. Responds with 404 if the state was never set or has expired.
    #[oai(
        path = "/v1/chat/states/:type/:id/:name",
        method = "get",
        operation_id = "getState"
    )]
    async fn get_state(
        &self,
        caller: BotCaller,
        /// Owner type of the state.
        r#type: Path<StateType>,
        /// Id of the owner.
        id: Path<String>,
        /// Name of the state.
        name: Path<String>,
    ) -> Result<Json<StateResponse>, Failed> {
        let found = states::find(&caller.0, &state_key(r#type.0, id.0, name.0))?;
        Ok(to_response(&caller, found)?)
    }

    /// Set State
    ///
    /// Replaces the payload of a state and restarts its expiry.
    #[oai(
        path = "/v1/chat/states/:type/:id/:name",
        method = "post",
        operation_id = "setState"
    )]
    async fn set_state(
        &self,
        caller: BotCaller,
        /// Owner type of the state.
        r#type: Path<StateType>,
        /// Id of the owner.
        id: Path<String>,
        /// Name of the state.
        name: Path<String>,
        body: Body<SetStateBody>,
    ) -> Result<Json<StateResponse>, Failed> {
        let key = state_key(r#type.0, id.0, name.0);
        let payload = body.0.payload.0.map(|payload| payload.0);
        let set = states::set(&caller.0, key, payload, body.0.expiry).await?;
        Ok(to_response(&caller, set)?)
    }

    /// Get Or Set State
    ///
    /// Returns a state, or sets it if it is not set or has expired. Concurrent calls get the same state.
    #[oai(
        path = "/v1/chat/states/:type/:id/:name/get-or-set",
        method = "post",
        operation_id = "getOrSetState"
    )]
    async fn get_or_set_state(
        &self,
        caller: BotCaller,
        /// Owner type of the state.
        r#type: Path<StateType>,
        /// Id of the owner.
        id: Path<String>,
        /// Name of the state.
        name: Path<String>,
        body: Body<GetOrSetStateBody>,
    ) -> Result<Json<GetOrSetStateResponse>, Failed> {
        let key = state_key(r#type.0, id.0, name.0);
        let GetOrSetStateBody { payload, expiry } = body.0;
        let found = states::get_or_set(&caller.0, key, payload.0, expiry).await?;
        Ok(Json(GetOrSetStateResponse {
            state: State::new(&caller.0.agent()?.id, found),
            meta: ResponseMeta { cached: false },
        }))
    }

    /// Set State Expiry
    ///
    /// Sets the expiry of a state and restarts it. Responds with 404 if the state is not set or has expired.
    #[oai(
        path = "/v1/chat/states/:type/:id/:name/expiry",
        method = "post",
        operation_id = "setStateExpiry"
    )]
    async fn set_state_expiry(
        &self,
        caller: BotCaller,
        /// Owner type of the state.
        r#type: Path<StateType>,
        /// Id of the owner.
        id: Path<String>,
        /// Name of the state.
        name: Path<String>,
        body: Body<SetStateExpiryBody>,
    ) -> Result<Json<StateResponse>, Failed> {
        let key = state_key(r#type.0, id.0, name.0);
        let changed = states::set_expiry(&caller.0, key, body.0.expiry.0).await?;
        Ok(to_response(&caller, changed)?)
    }

    /// Patch State
    ///
    /// Sets members of a state's payload and restarts its expiry. Other members keep their value.
    #[oai(
        path = "/v1/chat/states/:type/:id/:name",
        method = "patch",
        operation_id = "patchState"
    )]
    async fn patch_state(
        &self,
        caller: BotCaller,
        /// Owner type of the state.
        r#type: Path<StateType>,
        /// Id of the owner.
        id: Path<String>,
        /// Name of the state.
        name: Path<String>,
        body: Body<PatchStateBody>,
    ) -> Result<Json<StateResponse>, Failed> {
        let key = state_key(r#type.0, id.0, name.0);
        let patched = states::patch(&caller.0, key, body.0.payload.0).await?;
        Ok(to_response(&caller, patched)?)
    }
}

fn state_key(kind: StateType, owner: String, name: String) -> Key {
    Key {
        kind: kind.into(),
        owner,
        name,
    }
}

fn to_response(
    caller: &BotCaller,
    state: states::State,
) -> crate::kernel::Result<Json<StateResponse>> {
    Ok(Json(StateResponse {
        state: State::new(&caller.0.agent()?.id, state),
    }))
}
