//! Updates and deletes messages.

use rusqlite::named_params;
use serde_json::{Map, Value};

use super::{
    Message,
    content::{check_payload, to_raw_object},
    erase::delete_row,
    index::{self, IndexEntry, IndexOp},
    load_conversation, rows,
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            tags::{TagPatch, TagTable, Tags},
        },
        tenancy::{app::App, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Result, ids::MessageId},
};

/// Changes to a message. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct MessagePatch {
    /// Tags to set and to unset.
    pub tags: TagPatch,
    /// New payload, which replaces the old one.
    pub payload: Option<Map<String, Value>>,
}

/// Sets and unsets single tags of a message of the call's bot, and replaces its payload. Nobody is notified.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, `Invalid` for undeclared tags, `InvalidData` for a payload that
/// does not conform to the schema of the message's type, or errors of the store.
pub async fn update(
    call: &RequestContext,
    id: MessageId,
    changes: MessagePatch,
) -> Result<Message> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let MessagePatch { tags, payload } = changes;
    let payload = payload.map(Value::Object);
    if let Some(payload) = &payload {
        // The type and the channel of a message never change, so the schema is checked before the transaction.
        call.app().store().read(|conn| {
            let old = rows::load_visible(conn, &author, &id)?;
            let conversation = load_conversation(conn, &author, &old.conversation_id)?;
            let speaker = author.load_schemas(conn)?;
            let channel = conversation.channel_key();
            check_payload(
                &speaker,
                channel,
                (&old.kind, payload),
                call.schema_limits(),
            )
        })?;
    }
    let payload = payload.as_ref().map(to_raw_object);
    call.app()
        .run_write_tx(call, move |tx, _| {
            let old = rows::load_visible(tx.conn, &author, &id)?;
            let conversation = load_conversation(tx.conn, &author, &old.conversation_id)?;
            let speaker = author.load_schemas(tx.conn)?;
            let new = speaker.apply_message_tags(conversation.channel_key(), &old.tags, &tags)?;
            let payload = payload.filter(|payload| *payload != old.payload);
            if new == old.tags && payload.is_none() {
                return Ok(old);
            }
            let changed = Message {
                payload: payload.unwrap_or_else(|| old.payload.clone()),
                tags: new,
                updated_at: tx.now,
                ..old.clone()
            };
            write(tx, &author, &old.tags, &changed)?;
            Ok(changed)
        })
        .await
}

/// Writes the tags and the payload of a message.
fn write(tx: &WriteTx<'_>, author: &Author, old: &Tags, message: &Message) -> Result<()> {
    let sql = format!(
        "UPDATE messages SET tags = :tags, payload = :payload, updated_at = :updated_at \
         WHERE seq = :seq RETURNING {}",
        index::COLUMNS
    );
    let parameters = named_params! {
        ":tags": message.tags.to_canonical_json(),
        ":payload": message.payload,
        ":updated_at": message.updated_at,
        ":seq": message.seq,
    };
    let mut update = tx.conn.prepare_cached(&sql)?;
    let entry = update.query_row(parameters, index::entry_from_row)?;
    if *old == message.tags {
        return Ok(());
    }
    let was = IndexEntry {
        tags: old.clone(),
        ..entry
    };
    tx.index_write_batch()
        .push(IndexOp::Retag(was, message.tags.clone()));
    TagTable::Message.update_rows(tx.conn, author.bot().seq, message.seq, old, &message.tags)
}

/// Deletes a message of the call's bot.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, or errors of the store.
pub async fn delete(call: &RequestContext, id: MessageId) -> Result<Message> {
    delete_with_effect(call, id, |_| ()).await
}

/// Deletes a message like [`delete`], and calls `and` after the commit.
pub(in crate::domain) async fn delete_with_effect(
    call: &RequestContext,
    id: MessageId,
    and: impl FnOnce(&App) + Send + 'static,
) -> Result<Message> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let old = rows::load_visible(tx.conn, &author, &id)?;
            delete_row(tx, old.seq)?;
            tx.run_after_commit(and);
            Ok(old)
        })
        .await
}
