//! Reads bots from their rows and creates missing rows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Bot, sealing, secrets};
use crate::{
    domain::{
        App,
        bots::{definitions::BotDefinition, installations, plugins},
        tenancy::{
            agents::{self, Agent},
            audit::Actor,
            request_auth::{PrincipalAgent, RequestContext},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{AgentId, WorkspaceId},
        secret::new_hex_secret,
    },
    store::Sealer,
};

/// Returns the bot with this id in the workspace of the call.
///
/// # Errors
/// `NotFound` if there is no such bot, or errors of the store.
pub async fn find(call: &RequestContext, id: AgentId) -> Result<Bot> {
    let app = call.app();
    let agent = app
        .store()
        .read(|conn| find_agent(conn, call.workspace(), &id))?;
    create_missing_row(app, &agent).await?;
    app.store()
        .read(|conn| load(conn, app.sealer(), call.workspace(), &id))
}

/// Returns the agent with this id in the workspace, or `NotFound`.
pub(in crate::domain) fn find_agent(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &AgentId,
) -> Result<Agent> {
    match agents::find_by_id(conn, id) {
        Ok(agent) if agent.workspace_id == *workspace => Ok(agent),
        Err(error) if error.kind() != Kind::NotFound => Err(error),
        _ => Err(Error::not_found(format!("Bot \"{id}\" not found"))),
    }
}

const HAS_ROW: &str = "SELECT 1 FROM bots WHERE agent_seq = :seq";

/// Creates the bot row of an agent if it is missing, in a transaction of its own.
pub(super) async fn create_missing_row(app: &App, agent: &Agent) -> Result<()> {
    let known = app.store().read(|conn| has_row(conn, agent.seq))?;
    if known {
        return Ok(());
    }
    let (sealer, agent) = (app.sealer().clone(), agent.clone());
    app.run_write_tx_as(Actor::System, move |tx| {
        ensure_bot(tx, &sealer, &agent.into())
    })
    .await
}

fn has_row(conn: &Connection, seq: i64) -> Result<bool> {
    let mut statement = conn.prepare_cached(HAS_ROW)?;
    Ok(statement.exists(named_params! {":seq": seq})?)
}

const INSERT: &str = "
    INSERT INTO bots (agent_seq, signing_secret) VALUES (:seq, :signing_secret)
    ON CONFLICT (agent_seq) DO NOTHING";

/// Creates the bot row of an agent if it is missing.
pub(in crate::domain) fn ensure_bot(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    agent: &PrincipalAgent,
) -> Result<()> {
    let secret = sealing::seal_signing_secret(sealer, &agent.id, &new_hex_secret());
    tx.conn
        .prepare_cached(INSERT)?
        .execute(named_params! {":seq": agent.seq, ":signing_secret": secret})?;
    Ok(())
}

const FIND: &str = "
    SELECT agents.seq, agents.id, agents.name, agents.created_at, agents.updated_at,
           bots.definition, bots.configuration, bots.signing_secret, bots.medias, bots.url,
           bots.dev, bots.blocked, bots.created_by, bots.deployed_at
    FROM agents JOIN bots ON bots.agent_seq = agents.seq
    WHERE agents.id = :id AND agents.workspace_id = :workspace_id AND agents.deleted_at IS NULL";

/// Loads the bot with this id, with its installations and the names of its secrets.
pub(in crate::domain) fn load(
    conn: &Connection,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    id: &AgentId,
) -> Result<Bot> {
    let parameters = named_params! {":id": id, ":workspace_id": workspace};
    let found = conn
        .prepare_cached(FIND)?
        .query_row(parameters, |row| Ok(from_row(row, sealer)))
        .optional()?;
    let mut bot = found.ok_or_else(|| Error::not_found(format!("Bot \"{id}\" not found")))??;
    bot.installations = installations::list_of_bot(conn, sealer, bot.seq)?;
    bot.secrets = secrets::list_names(conn, bot.seq)?;
    bot.plugins = plugins::list_of_bot(conn, sealer, (bot.seq, id))?;
    if !bot.plugins.is_empty() {
        bot.plugin_definition = plugins::load_definitions(conn, bot.seq)?;
    }
    Ok(bot)
}

fn from_row(row: &Row<'_>, sealer: &Sealer) -> Result<Bot> {
    let id: AgentId = row.get("id")?;
    let configuration: Option<Vec<u8>> = row.get("configuration")?;
    let configuration = match configuration {
        Some(sealed) => sealing::open_configuration(sealer, &id, &sealed)?,
        None => serde_json::Map::new(),
    };
    let secret: Vec<u8> = row.get("signing_secret")?;
    Ok(Bot {
        name: row.get("name")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        definition: parse_json_column(row, "definition")?,
        configuration,
        signing_secret: sealing::open_signing_secret(sealer, &id, &secret)?,
        medias: parse_json_column(row, "medias")?,
        url: row.get("url")?,
        dev: row.get("dev")?,
        blocked: row.get("blocked")?,
        created_by: row.get("created_by")?,
        deployed_at: row.get("deployed_at")?,
        installations: Vec::new(),
        plugins: Vec::new(),
        plugin_definition: BotDefinition::default(),
        secrets: Vec::new(),
        seq: row.get("seq")?,
        id,
    })
}

fn parse_json_column<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::internal("the definition of a bot cannot be read", error))
}
