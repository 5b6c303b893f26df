//! Stored versions of a bot: its code, definition, configuration and installations at one moment, which can be deployed
//! again.

mod link;
mod snapshot;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use uuid::Uuid;

pub use self::{
    link::{create_link_key, open_link},
    snapshot::{InstallationSnapshot, Snapshot},
};
use super::manage::{self, Bot};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        bounds::Bound,
        members::Role,
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{Error, Result, Timestamp, ids::AgentId},
    store::Sealer,
};

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "versions",
    setting: "bot_versions",
    limit: |bounds| bounds.bot_versions,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM bot_versions WHERE agent_seq = ?1",
};

/// A stored version of a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Id: a UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Time of creation.
    pub created_at: Timestamp,
}

/// A stored version with its contents.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionContents {
    /// The version.
    pub version: Version,
    /// Code; `None` if the bot had none.
    pub code: Option<String>,
    /// Everything else.
    pub snapshot: Snapshot,
}

const INSERT: &str = "
    INSERT INTO bot_versions (id, agent_seq, name, description, code, sealed, created_at)
    SELECT :id, :agent_seq, :name, :description,
           (SELECT code FROM bot_code WHERE agent_seq = :agent_seq), :sealed, :now";

/// Stores the current state of a bot of the workspace of the call as a version.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `LimitExceeded`, and errors of the store.
pub async fn create(
    call: &RequestContext,
    bot: AgentId,
    name: String,
    description: Option<String>,
) -> Result<Version> {
    call.require_role(Role::Developer)?;
    // Creates the bot's row if an agent of another dialect has none yet.
    manage::find(call, bot.clone()).await?;
    let sealer = call.app().sealer().clone();
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let bot = manage::load(tx.conn, &sealer, workspace, &bot)?;
            BOUND.require(tx, bot.seq)?;
            let version = Version {
                id: Uuid::new_v4().to_string(),
                name,
                description,
                created_at: tx.now,
            };
            insert(tx, &sealer, &bot, &version)?;
            audit::record(
                tx,
                &NewAuditRecord {
                    workspace: Some(workspace),
                    action: "bot.create_version",
                    resource_id: bot.id.as_str(),
                    resource_name: Some(&version.name),
                },
            )?;
            Ok(version)
        })
        .await
}

fn insert(tx: &WriteTx<'_>, sealer: &Sealer, bot: &Bot, version: &Version) -> Result<()> {
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": version.id,
        ":agent_seq": bot.seq,
        ":name": version.name,
        ":description": version.description,
        ":sealed": Snapshot::of(bot).seal(sealer, &version.id)?,
        ":now": version.created_at,
    })?;
    Ok(())
}

const LIST: &str = "
    SELECT id, name, description, created_at FROM bot_versions
    WHERE agent_seq = :agent_seq ORDER BY seq DESC";

/// Lists the versions of a bot of the workspace of the call, newest first. `bounds.bot_versions` limits their number.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn list(call: &RequestContext, bot: &AgentId) -> Result<Vec<Version>> {
    call.app().store().read(|conn| {
        let agent = manage::find_agent(conn, call.workspace(), bot)?;
        let mut statement = conn.prepare_cached(LIST)?;
        let rows = statement.query_map(named_params! {":agent_seq": agent.seq}, from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

/// Gives a bot of the workspace of the call the contents of one of its versions. Its secrets stay as they are. Webhook
/// addresses begin with `webhooks`.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound` for an unknown bot or version, `ReferenceNotFound` for an
/// integration that is no longer there, and errors of the store.
pub async fn deploy(
    call: &RequestContext,
    bot: AgentId,
    version: &str,
    webhooks: String,
) -> Result<()> {
    call.require_role(Role::Developer)?;
    let app = call.app();
    let found = manage::find(call, bot.clone()).await?;
    let contents = app
        .store()
        .read(|conn| load_contents(conn, app.sealer(), found.seq, version))?;
    let patch = contents
        .snapshot
        .into_patch(&found, contents.code, webhooks);
    manage::update(call, bot, patch).await?;
    Ok(())
}

const CONTENTS: &str = "
    SELECT id, name, description, created_at, code, sealed FROM bot_versions
    WHERE agent_seq = :agent_seq AND id = :id";

/// Loads a version of a bot with its contents.
fn load_contents(
    conn: &Connection,
    sealer: &Sealer,
    agent_seq: i64,
    id: &str,
) -> Result<VersionContents> {
    let parameters = named_params! {":agent_seq": agent_seq, ":id": id};
    let found = conn
        .prepare_cached(CONTENTS)?
        .query_row(parameters, |row| {
            let sealed: Vec<u8> = row.get("sealed")?;
            Ok((from_row(row)?, row.get("code")?, sealed))
        })
        .optional()?;
    let (version, code, sealed) =
        found.ok_or_else(|| Error::not_found(format!("Version \"{id}\" not found")))?;
    Ok(VersionContents {
        version,
        code,
        snapshot: Snapshot::open(sealer, id, &sealed)?,
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        created_at: row.get("created_at")?,
    })
}
