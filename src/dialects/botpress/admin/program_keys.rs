//! `/v1/admin/bots/baks` and `/v1/admin/integrations/iaks`: API keys of bots and of integrations.

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
    },
    domain::{
        bots::api_keys::{self, ApiKeyOwner},
        tenancy::api_keys::{ApiKey, KeyKind},
    },
    http::Body,
    kernel::Secret,
};

/// The operations on the API keys of bots and integrations.
pub struct ProgramKeys;

/// An API key, without its value.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct ProgramKey {
    /// Id of the key.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Note on the purpose of the key.
    note: String,
}

impl From<ApiKey> for ProgramKey {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            created_at: key.created_at.to_rfc3339_millis(),
            note: key.name,
        }
    }
}

/// A new API key with its value.
#[derive(Object)]
#[oai(example, rename = "createApiKeyResponse", rename_all = "camelCase")]
struct NewKeyResponse {
    /// Id of the key.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Note on the purpose of the key.
    note: String,
    /// The key itself. It is returned only here.
    value: String,
}

impl From<(ApiKey, Secret)> for NewKeyResponse {
    fn from((key, value): (ApiKey, Secret)) -> Self {
        Self {
            id: key.id.to_string(),
            created_at: key.created_at.to_rfc3339_millis(),
            note: key.name,
            value: value.expose().to_owned(),
        }
    }
}

/// The API keys of a bot.
#[derive(Object)]
#[oai(example, rename = "listBotApiKeysResponse")]
struct BotKeysResponse {
    /// The keys, newest first.
    baks: Vec<ProgramKey>,
}

/// The API keys of an integration.
#[derive(Object)]
#[oai(example, rename = "listIntegrationApiKeysResponse")]
struct IntegrationKeysResponse {
    /// The keys, newest first.
    iaks: Vec<ProgramKey>,
}

/// A new API key of a bot.
#[derive(Object)]
#[oai(example, rename = "createBotApiKeyBody", rename_all = "camelCase")]
struct CreateBotKeyBody {
    /// Id of the bot.
    bot_id: String,
    /// Note on the purpose of the key.
    #[oai(validator(max_length = 500))]
    note: Option<String>,
}

/// A new API key of an integration.
#[derive(Object)]
#[oai(
    example,
    rename = "createIntegrationApiKeyBody",
    rename_all = "camelCase"
)]
struct CreateIntegrationKeyBody {
    /// Id of the integration.
    integration_id: String,
    /// Note on the purpose of the key.
    #[oai(validator(max_length = 500))]
    note: Option<String>,
}

const EXAMPLE_ID: &str = "8f2f8f4b-52c8-4bd0-9f0e-0c9a3e6a4d11";
const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";
const EXAMPLE_NOTE: &str = "nightly import";

fn example_key() -> ProgramKey {
    ProgramKey {
        id: EXAMPLE_ID.to_owned(),
        created_at: EXAMPLE_TIME.to_owned(),
        note: EXAMPLE_NOTE.to_owned(),
    }
}

impl Example for BotKeysResponse {
    fn example() -> Self {
        Self {
            baks: vec![example_key()],
        }
    }
}

impl Example for IntegrationKeysResponse {
    fn example() -> Self {
        Self {
            iaks: vec![example_key()],
        }
    }
}

impl Example for NewKeyResponse {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            note: EXAMPLE_NOTE.to_owned(),
            value: "bp_bak_…".to_owned(),
        }
    }
}

impl Example for CreateBotKeyBody {
    fn example() -> Self {
        Self {
            bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
            note: Some(EXAMPLE_NOTE.to_owned()),
        }
    }
}

impl Example for CreateIntegrationKeyBody {
    fn example() -> Self {
        Self {
            integration_id: "0c9a3e6a-52c8-4bd0-9f0e-8f2f8f4b4d11".to_owned(),
            note: Some(EXAMPLE_NOTE.to_owned()),
        }
    }
}

#[OpenApi]
impl ProgramKeys {
    /// List Bot API Keys
    ///
    /// Lists the API keys of a bot, without their values.
    #[oai(
        path = "/v1/admin/bots/baks",
        method = "get",
        operation_id = "listBotApiKeys",
        tag = "Tag::Bot"
    )]
    async fn list_bot_api_keys(
        &self,
        caller: Member,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Query<String>,
    ) -> Result<Json<BotKeysResponse>, Failed> {
        let keys = api_keys::list(&caller.0, &ApiKeyOwner::Bot(bot_id.0.into()))?;
        Ok(Json(BotKeysResponse {
            baks: keys.into_iter().map(ProgramKey::from).collect(),
        }))
    }

    /// Create Bot API Key
    ///
    /// Creates an API key of a bot. Only this response contains its value. The key acts as the bot, without the header
    /// `x-bot-id`.
    #[oai(
        path = "/v1/admin/bots/baks",
        method = "post",
        operation_id = "createBotApiKey",
        tag = "Tag::Bot"
    )]
    async fn create_bot_api_key(
        &self,
        caller: Developer,
        body: Body<CreateBotKeyBody>,
    ) -> Result<Json<NewKeyResponse>, Failed> {
        let owner = ApiKeyOwner::Bot(body.0.bot_id.into());
        let note = body.0.note.unwrap_or_default();
        Ok(Json(api_keys::create(&caller.0, owner, note).await?.into()))
    }

    /// Delete Bot API Key
    ///
    /// Deletes an API key of a bot. Later requests with the key are refused.
    #[oai(
        path = "/v1/admin/bots/baks/:id",
        method = "delete",
        operation_id = "deleteBotApiKey",
        tag = "Tag::Bot"
    )]
    async fn delete_bot_api_key(
        &self,
        caller: Developer,
        /// Id of the key.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        api_keys::revoke(&caller.0, KeyKind::BotpressBotKey, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// List Integration API Keys
    ///
    /// Lists the API keys of an integration, without their values.
    #[oai(
        path = "/v1/admin/integrations/iaks",
        method = "get",
        operation_id = "listIntegrationApiKeys",
        tag = "Tag::Integration"
    )]
    async fn list_integration_api_keys(
        &self,
        caller: Member,
        /// Id of the integration.
        #[oai(name = "integrationId")]
        integration_id: Query<String>,
    ) -> Result<Json<IntegrationKeysResponse>, Failed> {
        let owner = ApiKeyOwner::Integration(integration_id.0.into());
        let keys = api_keys::list(&caller.0, &owner)?;
        Ok(Json(IntegrationKeysResponse {
            iaks: keys.into_iter().map(ProgramKey::from).collect(),
        }))
    }

    /// Create Integration API Key
    ///
    /// Creates an API key of an integration. Only this response contains its value. The key reads and updates the
    /// integration, and acts as it in bots that have it installed.
    #[oai(
        path = "/v1/admin/integrations/iaks",
        method = "post",
        operation_id = "createIntegrationApiKey",
        tag = "Tag::Integration"
    )]
    async fn create_integration_api_key(
        &self,
        caller: Developer,
        body: Body<CreateIntegrationKeyBody>,
    ) -> Result<Json<NewKeyResponse>, Failed> {
        let owner = ApiKeyOwner::Integration(body.0.integration_id.into());
        let note = body.0.note.unwrap_or_default();
        Ok(Json(api_keys::create(&caller.0, owner, note).await?.into()))
    }

    /// Delete Integration API Key
    ///
    /// Deletes an API key of an integration. Later requests with the key are refused.
    #[oai(
        path = "/v1/admin/integrations/iaks/:id",
        method = "delete",
        operation_id = "deleteIntegrationApiKey",
        tag = "Tag::Integration"
    )]
    async fn delete_integration_api_key(
        &self,
        caller: Developer,
        /// Id of the key.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        api_keys::revoke(&caller.0, KeyKind::BotpressIntegrationKey, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
