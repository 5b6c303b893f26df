//! Creates bots.

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{Bot, Media, recurring, rows, sealing};
use crate::{
    domain::{
        bots::{
            definitions::{BotDefinition, Keeps},
            deliveries,
            integrations::check_url,
        },
        tenancy::{
            agents::{self, NewAgent},
            api_keys::KeyOwner,
            claims::{ProvenClaims, SharedClaim},
            members::Role,
            request_auth::{PrincipalAgent, RequestContext},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Result,
        ids::{AccountId, AgentId, WorkspaceId, random_alphanumeric},
        schema,
    },
    store::Sealer,
};

/// The properties of a new bot.
#[derive(Debug, Clone, Default)]
pub struct NewBot {
    /// Name; generated if absent.
    pub name: Option<String>,
    /// Tags, states, events and schemas that the bot declares.
    pub definition: BotDefinition,
    /// Configuration; none if absent.
    pub configuration: Option<Map<String, Value>>,
    /// Code: a CommonJS bundle.
    pub code: Option<String>,
    /// Media files.
    pub medias: Vec<Media>,
    /// Address of the running bot, if it is in development.
    pub url: Option<String>,
    /// True if it is in development.
    pub dev: bool,
}

/// Creates a bot in the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `InvalidIdentifier`, `InvalidData` for a configuration that does
/// not conform to its schema, `Invalid`, or errors of the store.
pub async fn create(call: &RequestContext, new: NewBot) -> Result<Bot> {
    call.require_role(Role::Developer)?;
    validate_new_bot(&new, call.schema_limits())?;
    let sealer = call.app().sealer().clone();
    let by = match &call.principal().owner {
        KeyOwner::Account(account) => Some(account.clone()),
        _ => None,
    };
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            create_in_tx(tx, &sealer, workspace, by.as_ref(), new)
        })
        .await
}

/// Validates the slow parts of a new bot before the write transaction. They do not depend on the database.
fn validate_new_bot(new: &NewBot, limits: &schema::Limits) -> Result<()> {
    let definition = &new.definition;
    let mut proven = ProvenClaims::default();
    proven.prove(SharedClaim::new(definition.clone()), limits)?;
    check_url(new.url.as_deref(), new.dev)?;
    match &new.configuration {
        Some(given) => proven.prove(
            SharedClaim::new(configuration_claim(definition, given)),
            limits,
        ),
        None => Ok(()),
    }
}

/// Creates a bot inside a write transaction. The caller has validated the schemas and values.
///
/// # Errors
/// As [`create`].
pub fn create_in_tx(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    by: Option<&AccountId>,
    new: NewBot,
) -> Result<Bot> {
    check_url(new.url.as_deref(), new.dev)?;
    let id = AgentId::new_uuid();
    let name = new.name.unwrap_or_else(generate_name);
    let handle = format!("bot-{id}");
    let agent = agents::create(
        tx,
        workspace,
        NewAgent {
            id: id.clone(),
            handle,
            name,
        },
    )?;
    let agent: PrincipalAgent = agent.into();
    rows::ensure_bot(tx, sealer, &agent)?;
    let deployed = new.code.is_some() || new.url.is_some();
    let configuration = new
        .configuration
        .map(|configuration| sealing::seal_configuration(sealer, &id, &configuration));
    tx.conn.prepare_cached(UPDATE_NEW)?.execute(named_params! {
        ":seq": agent.seq,
        ":definition": to_json(&new.definition)?,
        ":configuration": configuration,
        ":medias": to_json(&new.medias)?,
        ":url": new.url,
        ":dev": new.dev,
        ":created_by": by,
        ":deployed_at": deployed.then_some(tx.now),
    })?;
    if let Some(code) = new.code {
        set_code(tx.conn, agent.seq, &code)?;
        deliveries::enqueue_ping(tx, agent.seq)?;
    }
    recurring::sync_schedules(tx, agent.seq, &BotDefinition::default(), &new.definition)?;
    rows::load(tx.conn, sealer, workspace, &id)
}

const UPDATE_NEW: &str = "
    UPDATE bots SET definition = :definition, configuration = :configuration, medias = :medias,
                    url = :url, dev = :dev, created_by = :created_by, deployed_at = :deployed_at
    WHERE agent_seq = :seq";

const SET_CODE: &str = "
    INSERT INTO bot_code (agent_seq, code) VALUES (:seq, :code)
    ON CONFLICT (agent_seq) DO UPDATE SET code = excluded.code";

pub(super) fn set_code(conn: &Connection, seq: i64, code: &str) -> Result<()> {
    conn.prepare_cached(SET_CODE)?
        .execute(named_params! {":seq": seq, ":code": code})?;
    Ok(())
}

/// Returns the claim that a configuration conforms to its declared schema.
pub(super) fn configuration_claim(
    definition: &BotDefinition,
    configuration: &Map<String, Value>,
) -> Keeps {
    Keeps {
        schema: definition.configuration.clone(),
        value: Value::Object(configuration.clone()),
        place: "configuration.data".to_owned(),
    }
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("a definition cannot be serialized", error))
}

fn generate_name() -> String {
    format!("bot-{}", random_alphanumeric(8).to_lowercase())
}
