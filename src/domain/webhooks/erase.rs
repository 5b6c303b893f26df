//! Erasing what was told of someone who is to be forgotten.

use rusqlite::named_params;

use crate::{
    domain::context::Change,
    kernel::{Result, ids::AgentId},
};

const ERASE: &str = "
    DELETE FROM webhook_messages WHERE agent_id = :agent_id AND payload ->> '$.tags[0]' = :tag";

/// Erases the messages of an agent whose first tag this is, delivered or not. Says whether there
/// were any; then [`super::Hub::messages_erased`] is to be called after the commit.
///
/// # Errors
/// Those of the store.
pub fn erase_tagged(change: &Change<'_>, agent: &AgentId, tag: &str) -> Result<bool> {
    let erased = change
        .conn
        .prepare_cached(ERASE)?
        .execute(named_params! {":agent_id": agent, ":tag": tag})?;
    Ok(erased > 0)
}
