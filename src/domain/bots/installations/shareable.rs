//! Shareable ids: readable names of installations, by which a developer shows one to others for a day. Nothing on this
//! server looks an installation up by such an id.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::{
        bots::manage,
        tenancy::{members::Role, request_auth::RequestContext},
    },
    kernel::{
        Error, Result, Timestamp,
        ids::{AgentId, IntegrationId, WorkspaceId, random_alphanumeric},
    },
};

/// Time for which an id is valid.
// wire: the vendor's text does not say it (botpress-today.md §0.7)
const LIFETIME: Duration = Duration::from_secs(86_400);

/// Beginnings of ids.
const WORDS: [&str; 16] = [
    "amber", "birch", "cedar", "coral", "delta", "ember", "fjord", "grove", "hazel", "indigo",
    "lunar", "maple", "north", "ocean", "pearl", "river",
];

/// An installation, as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationRef {
    /// Bot.
    pub bot: AgentId,
    /// Integration.
    pub integration: IntegrationId,
    /// Alias of the installation; any installation of the integration if absent.
    pub alias: Option<String>,
}

/// A shareable id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareableId {
    /// The id.
    pub id: String,
    /// True if it is older than a day.
    pub is_expired: bool,
}

const FIND_INSTALLATION: &str = "
    SELECT bot_integrations.seq FROM bot_integrations
    JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND integrations.id = :integration
      AND bot_integrations.removed_at IS NULL AND NOT bot_integrations.implicit
      AND (:alias IS NULL OR bot_integrations.alias = :alias)";

impl InstallationRef {
    /// Finds the row of the installation in a bot of the workspace.
    fn find(&self, conn: &Connection, workspace: &WorkspaceId) -> Result<i64> {
        let agent = manage::find_agent(conn, workspace, &self.bot)?;
        let found = conn
            .prepare_cached(FIND_INSTALLATION)?
            .query_row(
                named_params! {
                    ":agent_seq": agent.seq, ":integration": self.integration, ":alias": self.alias,
                },
                |row| row.get(0),
            )
            .optional()?;
        found.ok_or_else(|| {
            let id = &self.integration;
            Error::not_found(format!("Integration \"{id}\" not found in the bot"))
        })
    }
}

const SET: &str = "
    INSERT INTO shareable_ids (installation_seq, id, created_at) VALUES (:seq, :id, :now)
    ON CONFLICT (installation_seq) DO UPDATE SET id = excluded.id, created_at = excluded.created_at";

/// Gives an installation a new shareable id, which replaces the old one.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, and errors of the store.
pub async fn create_shareable_id(call: &RequestContext, of: InstallationRef) -> Result<String> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let seq = of.find(tx.conn, workspace)?;
            let id = new_id();
            tx.conn
                .prepare_cached(SET)?
                .execute(named_params! {":seq": seq, ":id": id, ":now": tx.now})?;
            Ok(id)
        })
        .await
}

fn new_id() -> String {
    let word = WORDS[usize::from(rand::random::<u8>()) % WORDS.len()];
    format!("{word}-{}", random_alphanumeric(10).to_lowercase())
}

const FIND: &str = "SELECT id, created_at FROM shareable_ids WHERE installation_seq = :seq";

/// Returns the shareable id of an installation.
///
/// # Errors
/// `NotFound` for an unknown installation, or one without an id; and errors of the store.
pub fn get_shareable_id(call: &RequestContext, of: &InstallationRef) -> Result<ShareableId> {
    let now = call.app().clock().now();
    let found: Option<(String, Timestamp)> = call.app().store().read(|conn| {
        let seq = of.find(conn, call.workspace())?;
        let mut statement = conn.prepare_cached(FIND)?;
        let found = statement.query_row(named_params! {":seq": seq}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        Ok(found.optional()?)
    })?;
    let (id, created_at) = found.ok_or_else(not_found)?;
    Ok(ShareableId {
        id,
        is_expired: now >= created_at.plus(LIFETIME),
    })
}

const DELETE: &str = "DELETE FROM shareable_ids WHERE installation_seq = :seq";

/// Deletes the shareable id of an installation.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, and errors of the store.
pub async fn delete_shareable_id(call: &RequestContext, of: InstallationRef) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let seq = of.find(tx.conn, workspace)?;
            let deleted = tx
                .conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":seq": seq})?;
            if deleted == 0 {
                return Err(not_found());
            }
            Ok(())
        })
        .await
}

fn not_found() -> Error {
    Error::not_found("Shareable id not found: the installation has none")
}

/// Ends the links between conversations and a sandbox. This server has no sandboxes, so it only checks the request.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound` for an unknown installation, and errors of the store.
pub fn unlink_sandboxed_conversations(call: &RequestContext, of: &InstallationRef) -> Result<()> {
    call.require_role(Role::Developer)?;
    let read = |conn: &Connection| of.find(conn, call.workspace()).map(drop);
    call.app().store().read(read)
}
