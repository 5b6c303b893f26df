//! Updates and deletes messages.

use rusqlite::named_params;

use super::{
    Message,
    erase::delete_row,
    index::{self, IndexEntry, IndexOp},
    load_conversation, rows,
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            tags::{TagPatch, TagTable},
        },
        tenancy::{app::App, request_auth::RequestContext},
    },
    kernel::{Result, ids::MessageId},
};

/// Sets and unsets single tags of a message of the call's bot.
///
/// # Errors
/// `NotFound`, `Forbidden` for a role below developer, `Invalid` for undeclared tags, or errors of the
/// store.
pub async fn update(call: &RequestContext, id: MessageId, tags: TagPatch) -> Result<Message> {
    require_write(call)?;
    let voice = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let old = rows::load_visible(tx.conn, &voice, &id)?;
            let conversation = load_conversation(tx.conn, &voice, &old.conversation_id)?;
            let speaker = voice.load_schemas(tx.conn)?;
            let new = speaker.apply_message_tags(conversation.channel_key(), &old.tags, &tags)?;
            if new == old.tags {
                return Ok(old);
            }
            let sql = format!(
                "UPDATE messages SET tags = :tags WHERE seq = :seq RETURNING {}",
                index::COLUMNS
            );
            let parameters = named_params! {":tags": new.to_canonical_json(), ":seq": old.seq};
            let mut update = tx.conn.prepare_cached(&sql)?;
            let was = IndexEntry {
                tags: old.tags.clone(),
                ..update.query_row(parameters, index::entry_from_row)?
            };
            tx.index_write_batch()
                .push(IndexOp::Retag(was, new.clone()));
            TagTable::Message.update_rows(tx.conn, voice.bot().seq, old.seq, &old.tags, &new)?;
            Ok(Message { tags: new, ..old })
        })
        .await
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
    let voice = Author::from_call(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let old = rows::load_visible(tx.conn, &voice, &id)?;
            delete_row(tx, old.seq)?;
            tx.run_after_commit(and);
            Ok(old)
        })
        .await
}
