//! Imports messages that were written elsewhere, such as in the app of a vendor. They are not delivered.

use super::{
    Message, NewContent, Origin,
    content::{Timing, ValidatedContent, prefix_violations},
    create::{find_channel, load_conversation},
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            users,
        },
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Result, Timestamp,
        ids::{ConversationId, EndUserId},
        violation::PathSegment,
    },
};

/// A message to import.
#[derive(Debug, Clone)]
pub struct ImportedMessage {
    /// Conversation.
    pub conversation: ConversationId,
    /// User who wrote it.
    pub user: EndUserId,
    /// Content. Without discriminators the message is always created.
    pub content: NewContent,
    /// Time of writing.
    pub created_at: Timestamp,
}

/// A message to import that has passed validation.
struct ValidatedImport {
    conversation: ConversationId,
    user: EndUserId,
    content: ValidatedContent,
    created_at: Timestamp,
}

/// Imports messages into conversations of the call's bot, and returns them in the same order: each as it is if it is
/// known by its discriminators, else as created. All are imported, or none is.
///
/// # Errors
/// `Forbidden` for a role below developer; `ReferenceNotFound` for an unknown conversation or user; `RelationConflict`
/// for a conversation of another integration; `InvalidData` for a payload that does not conform to the schema of its
/// type; `Invalid` for undeclared tags; `LimitExceeded` if the bot has too many messages; errors of the store.
pub async fn import(call: &RequestContext, all: Vec<ImportedMessage>) -> Result<Vec<Message>> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let share = u64::try_from(all.len()).unwrap_or(u64::MAX).max(1);
    let limits = call.schema_limits().divided_among(share);
    let checked = call.app().store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        let validate = |one: ImportedMessage| {
            let route = find_channel(call.app(), conn, &author, &one.conversation)?;
            let content = NewContent {
                // wire: the body has no origin; the message is shown with one (botpress-today.md §5)
                origin: Some(Origin::Synthetic),
                ..one.content
            };
            Ok(ValidatedImport {
                conversation: one.conversation,
                user: one.user,
                content: content.validate(&speaker, route.channel_key(), &limits)?,
                created_at: one.created_at,
            })
        };
        let all = all.into_iter().enumerate();
        all.map(|(index, one)| {
            let place = [
                PathSegment::Key("messages".to_owned()),
                PathSegment::Index(index),
            ];
            validate(one).map_err(|error| prefix_violations(error, &place))
        })
        .collect::<Result<Vec<_>>>()
    })?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let all = checked.into_iter();
            all.map(|one| import_in_tx(tx, &author, one)).collect()
        })
        .await
}

fn import_in_tx(tx: &WriteTx<'_>, author: &Author, one: ValidatedImport) -> Result<Message> {
    let conversation = load_conversation(tx.conn, author, &one.conversation)?;
    let user = users::find_referenced_row(tx.conn, author, &one.user)?;
    if one.content.is_discriminated() {
        let known = one
            .content
            .find_existing_in_tx(tx, author, (&conversation, user))?;
        if let Some(known) = known {
            return Ok(known);
        }
    }
    // A vendor's clock can be ahead of this one.
    let timing = Timing::Import(one.created_at.min(tx.now));
    one.content
        .insert(tx, author, &conversation, (one.user, user), &timing)
}
