//! Publishes webhook events about end users, and erases their messages.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{EndUser, rows::StoredEndUser};
use crate::{
    domain::{
        tenancy::write_tx::WriteTx,
        webhooks::{self, WebhookEvent},
    },
    kernel::{
        Result, Timestamp,
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
    let event = WebhookEvent {
        event_type,
        data: EndUserPayload::from_end_user(end_user),
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

/// The end user as the vendor's API shows it, without sensitive metadata.
#[derive(Serialize)]
struct EndUserPayload<'a> {
    end_user_id: &'a EndUserId,
    external_id: Option<&'a str>,
    profile: ProfilePayload<'a>,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct ProfilePayload<'a> {
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    display_name: Option<&'a str>,
    avatar: Option<&'a str>,
    email: Option<&'a str>,
    language: Option<&'a str>,
    metadata: &'a Map<String, Value>,
    system_properties: SystemPropertiesPayload<'a>,
}

#[derive(Serialize)]
struct SystemPropertiesPayload<'a> {
    sunshine_user_id: Option<&'a Value>,
}

impl<'a> EndUserPayload<'a> {
    fn from_end_user(end_user: &'a EndUser) -> Self {
        let profile = &end_user.profile;
        Self {
            end_user_id: &end_user.id,
            external_id: end_user.external_id.as_deref(),
            profile: ProfilePayload {
                first_name: profile.first_name.as_deref(),
                last_name: profile.last_name.as_deref(),
                display_name: profile.display_name.as_deref(),
                avatar: profile.avatar.as_deref(),
                email: profile.email.as_deref(),
                language: profile.language.as_deref(),
                metadata: profile.metadata.values(),
                system_properties: SystemPropertiesPayload {
                    sunshine_user_id: profile.system_properties.get("sunshine_user_id"),
                },
            },
            created_at: format_time(end_user.created_at),
            updated_at: format_time(end_user.updated_at),
        }
    }
}

/// Formats a time like the vendor's end-user times: `2026-01-31T09:30:00.000000+00:00`.
#[must_use]
pub fn format_time(at: Timestamp) -> String {
    at.to_rfc3339_micros().replace('Z', "+00:00")
}
