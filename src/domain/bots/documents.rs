//! Documents in Studio's format that bots are published from. The server stores the last one and does not read it.

use rusqlite::{OptionalExtension, named_params};
use serde_json::{Map, Value};

use super::manage;
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        members::Role,
        request_auth::RequestContext,
    },
    kernel::{Error, Kind, Result, ids::AgentId},
};

/// Maximum size of a document, in bytes of JSON text.
const MAX_BYTES: usize = 16 * 1024 * 1024;

const SET: &str = "
    INSERT INTO bot_documents (agent_seq, document) VALUES (:agent_seq, :document)
    ON CONFLICT (agent_seq) DO UPDATE SET document = excluded.document";

/// Stores the document of a bot of the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `LimitExceeded` for a document that is too large, and errors of
/// the store.
pub async fn publish(
    call: &RequestContext,
    bot: AgentId,
    document: Map<String, Value>,
) -> Result<()> {
    call.require_role(Role::Developer)?;
    let document = Value::Object(document).to_string();
    if document.len() > MAX_BYTES {
        let text = format!("botJson: a document can have {MAX_BYTES} bytes of JSON");
        return Err(Error::new(Kind::LimitExceeded, text));
    }
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let agent = manage::find_agent(tx.conn, workspace, &bot)?;
            tx.conn
                .prepare_cached(SET)?
                .execute(named_params! {":agent_seq": agent.seq, ":document": document})?;
            audit::record(
                tx,
                &NewAuditRecord {
                    workspace: Some(workspace),
                    action: "bot.publish",
                    resource_id: bot.as_str(),
                    resource_name: Some(&agent.name),
                },
            )
        })
        .await
}

const FIND: &str = "SELECT document FROM bot_documents WHERE agent_seq = :agent_seq";

/// Returns the document of a bot of the workspace of the call.
///
/// # Errors
/// `NotFound` for an unknown bot, or one that was never published; and errors of the store.
pub fn get(call: &RequestContext, bot: &AgentId) -> Result<Map<String, Value>> {
    let found: Option<String> = call.app().store().read(|conn| {
        let agent = manage::find_agent(conn, call.workspace(), bot)?;
        let mut statement = conn.prepare_cached(FIND)?;
        let found = statement.query_row(named_params! {":agent_seq": agent.seq}, |row| row.get(0));
        Ok(found.optional()?)
    })?;
    let found = found.ok_or_else(|| {
        Error::not_found(format!(
            "The bot JSON of \"{bot}\" was not found: it was not published"
        ))
    })?;
    serde_json::from_str(&found)
        .map_err(|error| Error::internal("a stored document cannot be read", error))
}
