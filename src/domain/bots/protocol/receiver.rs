//! Receivers of calls: bots, and integrations that are installed in one.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{
    domain::{
        bots::{
            callable::{BOT_IS_CALLABLE, INTEGRATION_IS_CALLABLE},
            installations, manage,
        },
        tenancy::request_auth::PrincipalAgent,
    },
    kernel::{
        Result, Secret,
        ids::{AgentId, IntegrationId, WorkspaceId},
    },
    store::Sealer,
};

/// A bot, or an integration that is installed in it.
#[derive(Debug, Clone)]
pub(in crate::domain) struct Receiver {
    pub(in crate::domain) agent: PrincipalAgent,
    /// The integration; `None` if the receiver is the bot.
    pub(in crate::domain) integration: Option<ReceiverIntegration>,
    /// The workspace that owns the code.
    pub(super) workspace: WorkspaceId,
    /// Type of the installation's configuration; `None` for the default type and for a bot.
    pub(super) configuration_type: Option<String>,
    /// True if the bot's own workspace owns the code.
    pub(super) in_own_workspace: bool,
    /// Configuration of the bot or the installation: JSON in Base64, as the protocol sends it.
    pub(super) configuration: String,
    pub(super) endpoint: Endpoint,
    /// Secret that signs requests to a bot's URL.
    pub(super) signing_secret: Option<Secret>,
}

/// An integration that is installed in the bot.
#[derive(Debug, Clone)]
pub(in crate::domain) struct ReceiverIntegration {
    pub(in crate::domain) integration_id: IntegrationId,
    pub(in crate::domain) name: String,
    pub(super) webhook_id: String,
    /// Alias that the bot's developer gave the installation.
    pub(super) alias: Option<String>,
}

/// Destination of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// URL of a bot or an integration in development.
    Url(String),
    /// Deployed code, at this revision.
    Code {
        revision: i64,
    },
    /// A program that is built into this server.
    BuiltIn,
    Missing,
}

static BOT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    SELECT agents.seq, agents.id, agents.handle, agents.workspace_id, bots.url, bots.revision,
           bots.configuration, bots.signing_secret, {BOT_IS_CALLABLE} AS callable
    FROM bots JOIN agents ON agents.seq = bots.agent_seq
    WHERE bots.agent_seq = :agent_seq AND NOT bots.blocked AND agents.deleted_at IS NULL"
    )
});

static INSTALLATION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    SELECT agents.seq, agents.id AS bot_id, agents.handle, integrations.id,
           integrations.workspace_id = agents.workspace_id AS is_own,
           integrations.workspace_id, integrations.name, integrations.url, integrations.revision,
           integrations.built_in, bot_integrations.webhook_id, bot_integrations.alias,
           bot_integrations.configuration, bot_integrations.configuration_type,
           {INTEGRATION_IS_CALLABLE} AS callable
    FROM bot_integrations
    JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.seq = :seq AND bot_integrations.agent_seq = :agent_seq
      AND (agents.deleted_at IS NULL OR bot_integrations.status = 'unregistration_pending')"
    )
});

impl Receiver {
    /// Loads the bot with this agent row; `None` if it is blocked or deleted.
    pub(in crate::domain) fn load_bot(
        conn: &Connection,
        sealer: &Sealer,
        agent_seq: i64,
    ) -> Result<Option<Self>> {
        let found = conn
            .prepare_cached(&BOT)?
            .query_row(named_params! {":agent_seq": agent_seq}, |row| {
                Ok(Self::bot_from_row(row, sealer))
            })
            .optional()?;
        found.transpose()
    }

    fn bot_from_row(row: &Row<'_>, sealer: &Sealer) -> Result<Self> {
        let bot: AgentId = row.get("id")?;
        let configuration: Option<Vec<u8>> = row.get("configuration")?;
        let configuration = match configuration {
            Some(sealed) => manage::sealing::open_configuration(sealer, &bot, &sealed)?,
            None => serde_json::Map::new(),
        };
        let secret: Vec<u8> = row.get("signing_secret")?;
        Ok(Self {
            workspace: row.get("workspace_id")?,
            in_own_workspace: true,
            integration: None,
            configuration_type: None,
            configuration: encode_configuration(&configuration),
            endpoint: endpoint_from_row(row)?,
            signing_secret: Some(manage::sealing::open_signing_secret(sealer, &bot, &secret)?),
            agent: agent_from_row(row, bot)?,
        })
    }

    /// Loads an installation of a bot, enabled or not. An installation of a deleted bot is found only while it
    /// waits for `unregister`.
    pub(in crate::domain) fn load_installation(
        conn: &Connection,
        sealer: &Sealer,
        agent_seq: i64,
        seq: i64,
    ) -> Result<Option<Self>> {
        let found = conn
            .prepare_cached(&INSTALLATION)?
            .query_row(
                named_params! {":seq": seq, ":agent_seq": agent_seq},
                |row| Ok(Self::installation_from_row(row, sealer)),
            )
            .optional()?;
        found.transpose()
    }

    fn installation_from_row(row: &Row<'_>, sealer: &Sealer) -> Result<Self> {
        let webhook_id: String = row.get("webhook_id")?;
        let configuration: Vec<u8> = row.get("configuration")?;
        let configuration = installations::open_configuration(sealer, &webhook_id, &configuration)?;
        Ok(Self {
            agent: agent_from_row(row, row.get("bot_id")?)?,
            integration: Some(ReceiverIntegration {
                integration_id: row.get("id")?,
                name: row.get("name")?,
                alias: row.get("alias")?,
                webhook_id,
            }),
            workspace: row.get("workspace_id")?,
            configuration_type: row.get("configuration_type")?,
            in_own_workspace: row.get("is_own")?,
            configuration: encode_configuration(&configuration),
            endpoint: match row.get("built_in")? {
                true => Endpoint::BuiltIn,
                false => endpoint_from_row(row)?,
            },
            signing_secret: None,
        })
    }

    /// Returns the receiver's name for messages.
    pub(in crate::domain) fn name(&self) -> String {
        match &self.integration {
            Some(integration) => format!("the integration {}", integration.name),
            None => "the bot".to_owned(),
        }
    }
}

fn agent_from_row(row: &Row<'_>, id: AgentId) -> Result<PrincipalAgent> {
    Ok(PrincipalAgent {
        id,
        handle: row.get("handle")?,
        seq: row.get("seq")?,
    })
}

fn endpoint_from_row(row: &Row<'_>) -> Result<Endpoint> {
    let (url, callable): (Option<String>, bool) = (row.get("url")?, row.get("callable")?);
    Ok(match (url, callable) {
        (Some(url), _) => Endpoint::Url(url),
        (None, true) => Endpoint::Code {
            revision: row.get("revision")?,
        },
        (None, false) => Endpoint::Missing,
    })
}

fn encode_configuration(configuration: &serde_json::Map<String, serde_json::Value>) -> String {
    let text = serde_json::to_string(configuration).unwrap_or_else(|_| "{}".to_owned());
    STANDARD.encode(text)
}
