//! `/v1/admin/bots/{id}/versions`: stored versions of a bot.

use std::collections::BTreeMap;

use poem::Request;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};
use serde_json::json;

use crate::{
    dialects::botpress::{
        Tag,
        auth::{Developer, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        settings::Settings,
    },
    domain::bots::bot_versions::{self as versions, VersionContents},
    http::{self, Body, JsonObject},
    kernel::{Error, Result},
};

/// The operations on the versions of a bot.
pub struct BotVersions {
    settings: Settings,
}

impl BotVersions {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

/// A stored version of a bot.
#[derive(Object)]
struct BotVersion {
    /// Id of the version.
    id: String,
    /// Name of the version.
    name: String,
    /// Description of the version.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
}

impl From<versions::Version> for BotVersion {
    fn from(version: versions::Version) -> Self {
        Self {
            id: version.id,
            name: version.name,
            description: version.description,
        }
    }
}

const EXAMPLE_ID: &str = "2b8c7f0e-3d53-4c0b-8a8e-5b6c3c0f9d21";

fn example_version() -> BotVersion {
    BotVersion {
        id: EXAMPLE_ID.to_owned(),
        name: "before the sale".to_owned(),
        description: None,
    }
}

/// A new version.
#[derive(Object)]
#[oai(example, rename = "createBotVersionBody")]
struct CreateVersionBody {
    /// Name of the version.
    #[oai(validator(max_length = 200))]
    name: String,
    /// Description of the version.
    #[oai(validator(max_length = 2000))]
    description: Option<String>,
}

impl Example for CreateVersionBody {
    fn example() -> Self {
        Self {
            name: "before the sale".to_owned(),
            description: None,
        }
    }
}

/// The created version.
#[derive(Object)]
#[oai(example, rename = "createBotVersionResponse")]
struct CreateVersionResponse {
    /// The version.
    version: BotVersion,
}

impl Example for CreateVersionResponse {
    fn example() -> Self {
        Self {
            version: example_version(),
        }
    }
}

/// The versions of a bot.
#[derive(Object)]
#[oai(example, rename = "listBotVersionsResponse")]
struct ListVersionsResponse {
    /// The versions, newest first.
    versions: Vec<BotVersion>,
}

impl Example for ListVersionsResponse {
    fn example() -> Self {
        Self {
            versions: vec![example_version()],
        }
    }
}

/// Address of the contents of a version.
#[derive(Object)]
#[oai(example, rename = "getBotVersionResponse")]
struct GetVersionResponse {
    /// Address of the contents. It needs no token.
    url: String,
}

impl Example for GetVersionResponse {
    fn example() -> Self {
        Self {
            url: format!(
                "http://127.0.0.1:4600/v1/admin/bots/4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21/versions/\
                 {EXAMPLE_ID}/contents?key=…"
            ),
        }
    }
}

/// The version to deploy.
#[derive(Object)]
#[oai(example, rename = "deployBotVersionBody", rename_all = "camelCase")]
struct DeployVersionBody {
    /// Id of the version.
    version_id: String,
}

impl Example for DeployVersionBody {
    fn example() -> Self {
        Self {
            version_id: EXAMPLE_ID.to_owned(),
        }
    }
}

/// An integration in a version.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct VersionIntegration {
    /// Id of the integration.
    integration_id: String,
    /// True if the installation is enabled.
    enabled: bool,
    /// Name of the configuration of the integration; absent for the default one.
    #[oai(skip_serializing_if_is_none)]
    configuration_type: Option<String>,
}

/// The contents of a version, without configurations and secrets.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct BotVersionContents {
    /// Id of the version.
    id: String,
    /// Name of the version.
    name: String,
    /// Description of the version.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Code of the bot; absent if it had none.
    #[oai(skip_serializing_if_is_none)]
    code: Option<String>,
    /// Definition of the bot: tags, states, events, recurring events and the schema of the configuration.
    definition: JsonObject,
    /// Integrations by alias or id.
    integrations: BTreeMap<String, VersionIntegration>,
}

impl BotVersionContents {
    fn new(contents: VersionContents) -> Result<Self> {
        let definition = serde_json::to_value(&contents.snapshot.definition)
            .map_err(|error| Error::internal("a definition cannot be serialized", error))?;
        let integrations = contents.snapshot.integrations.into_iter();
        let integrations = integrations.map(|(key, one)| {
            let shown = VersionIntegration {
                integration_id: one.integration_id.to_string(),
                enabled: one.enabled,
                configuration_type: one.configuration_type,
            };
            (key, shown)
        });
        Ok(Self {
            id: contents.version.id,
            name: contents.version.name,
            description: contents.version.description,
            created_at: contents.version.created_at.to_rfc3339_millis(),
            code: contents.code,
            definition: JsonObject::from_value(definition),
            integrations: integrations.collect(),
        })
    }
}

impl Example for BotVersionContents {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            name: "before the sale".to_owned(),
            description: None,
            created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            code: Some("exports.handler = async () => ({ status: 200 })".to_owned()),
            definition: JsonObject::from_value(json!({"user": {"tags": {}}})),
            integrations: BTreeMap::new(),
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl BotVersions {
    /// Create Bot Version
    ///
    /// Stores the code, the definitions, the configuration and the integrations of a bot as a version. Secrets are not
    /// part of it.
    #[oai(
        path = "/v1/admin/bots/:id/versions",
        method = "post",
        operation_id = "createBotVersion"
    )]
    async fn create_bot_version(
        &self,
        caller: Developer,
        /// Id of the bot.
        id: Path<String>,
        body: Body<CreateVersionBody>,
    ) -> Result<Json<CreateVersionResponse>, Failed> {
        let CreateVersionBody { name, description } = body.0;
        let made = versions::create(&caller.0, id.0.into(), name, description).await?;
        Ok(Json(CreateVersionResponse {
            version: made.into(),
        }))
    }

    /// List Bot Versions
    ///
    /// Lists the versions of a bot, newest first.
    #[oai(
        path = "/v1/admin/bots/:id/versions",
        method = "get",
        operation_id = "listBotVersions"
    )]
    async fn list_bot_versions(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
    ) -> Result<Json<ListVersionsResponse>, Failed> {
        let found = versions::list(&caller.0, &id.0.into())?;
        Ok(Json(ListVersionsResponse {
            versions: found.into_iter().map(BotVersion::from).collect(),
        }))
    }

    /// Get Bot Version
    ///
    /// Returns the address of the contents of a version.
    #[oai(
        path = "/v1/admin/bots/:id/versions/:versionId",
        method = "get",
        operation_id = "getBotVersion"
    )]
    async fn get_bot_version(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
        /// Id of the version.
        #[oai(name = "versionId")]
        version_id: Path<String>,
    ) -> Result<Json<GetVersionResponse>, Failed> {
        let (bot, version) = (id.0, version_id.0);
        let key = versions::create_link_key(&caller.0, &bot.as_str().into(), &version)?;
        let server = self.settings.base_urls(request).server;
        Ok(Json(GetVersionResponse {
            url: format!("{server}/v1/admin/bots/{bot}/versions/{version}/contents?key={key}"),
        }))
    }

    /// Download Bot Version
    ///
    /// Returns the contents of a version. The address is the `url` in the response of Get Bot Version and needs no
    /// token. It works while the token of its creator is valid.
    #[oai(
        path = "/v1/admin/bots/:id/versions/:versionId/contents",
        method = "get",
        operation_id = "downloadBotVersion"
    )]
    async fn download_bot_version(
        &self,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
        /// Id of the version.
        #[oai(name = "versionId")]
        version_id: Path<String>,
        /// Key of the link.
        key: Query<String>,
    ) -> Result<Json<BotVersionContents>, Failed> {
        let app = http::app(request)?;
        let found = versions::open_link(app, &id.0.into(), &version_id.0, &key.0)?;
        Ok(Json(BotVersionContents::new(found)?))
    }

    /// Deploy Bot Version
    ///
    /// Gives a bot the code, the definitions, the configuration and the integrations of one of its versions. Its
    /// secrets stay as they are.
    #[oai(
        path = "/v1/admin/bots/:id/versions/deploy",
        method = "post",
        operation_id = "deployBotVersion"
    )]
    async fn deploy_bot_version(
        &self,
        caller: Developer,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
        body: Body<DeployVersionBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        let webhooks = self.settings.base_urls(request).webhooks;
        versions::deploy(&caller.0, id.0.into(), &body.0.version_id, webhooks).await?;
        Ok(EMPTY_RESPONSE)
    }
}
