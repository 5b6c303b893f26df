//! Publishes webhook events about end users, and erases their messages.

use rusqlite::{OptionalExtension, params};

use super::{EndUser, rows::StoredEndUser};
use crate::{
    domain::{
        tenancy::write_tx::WriteTx,
        webhooks::{self, WebhookEvent},
    },
    kernel::{
        Error, Result,
        ids::{AgentId, EndUserId},
    },
};

/// Publishes the creation of an end user. Returns the message's `seq`, to be stored with the end user.
pub(super) fn publish_created(tx: &WriteTx<'_>, agent: &AgentId, new: &EndUser) -> Result<i64> {
    publish(tx, agent, "v1.end_user.created", new, None)
}

/// Publishes the update of an end user, unless only system properties or metavariables changed: the vendor
/// publishes no event then (ada.md §4). Returns the `seq` of the last message about the end user, to be stored
/// with it.
pub(super) fn publish_updated(
    tx: &WriteTx<'_>,
    agent: &AgentId,
    old: &StoredEndUser,
    new: &EndUser,
) -> Result<Option<i64>> {
    if !has_published_change(&old.end_user, new) {
        return Ok(old.last_message_seq);
    }
    publish(tx, agent, "v1.end_user.updated", new, old.last_message_seq).map(Some)
}

fn has_published_change(old: &EndUser, new: &EndUser) -> bool {
    let (before, after) = (&old.profile, &new.profile);
    old.external_id != new.external_id
        || before.first_name != after.first_name
        || before.last_name != after.last_name
        || before.display_name != after.display_name
        || before.avatar != after.avatar
        || before.email != after.email
        || before.language != after.language
        || before.metadata.has_published_difference(&after.metadata)
}

fn publish(
    tx: &WriteTx<'_>,
    agent: &AgentId,
    event_type: &'static str,
    end_user: &EndUser,
    previous: Option<i64>,
) -> Result<i64> {
    let app = tx
        .app()
        .ok_or_else(|| Error::internal("an event needs the server", "the write has none"))?;
    let event = WebhookEvent {
        event_type,
        data: app.render_end_user(end_user)?,
        tags: &[end_user.id.as_str()],
        previous_seq: previous,
    };
    webhooks::publish_event(tx, agent, &event)
}

const FIND_LAST_MESSAGE: &str =
    "SELECT last_message_seq FROM end_users WHERE agent_id = ? AND id = ?";

fn find_last_message(tx: &WriteTx<'_>, agent: &AgentId, id: &EndUserId) -> Result<Option<i64>> {
    let mut statement = tx.conn.prepare_cached(FIND_LAST_MESSAGE)?;
    let last = statement.query_row(params![agent, id], |row| row.get(0));
    Ok(last.optional()?.flatten())
}

/// Deletes the messages about an end user that still exists.
pub(super) fn erase_messages(tx: &WriteTx<'_>, agent: &AgentId, id: &EndUserId) -> Result<()> {
    match find_last_message(tx, agent, id)? {
        Some(last) => webhooks::erase_message_chain(tx, agent, last, id.as_str()),
        None => Ok(()),
    }
}
