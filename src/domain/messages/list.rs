//! Lists of messages.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use super::{COLUMNS, JOINS, Message, from_row};
use crate::{
    domain::{
        access::Call,
        conversations,
        declared::Voice,
        listing::Listing,
        paging::{Page, ROWS, Token},
        tags::Tagged,
    },
    kernel::{Result, ids::ConversationId},
};

/// Which messages to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those with these tags.
    pub tags: BTreeMap<String, String>,
}

/// The messages of the call's bot that the caller sees, newest first.
///
/// # Errors
/// Those of the store.
pub async fn list(call: &Call, filter: Filter, after: Option<Token>) -> Result<Page<Message>> {
    let voice = Voice::of(call)?;
    let store = call.domain().store();
    if filter.conversation.is_some() && filter.tags.is_empty() {
        // These stand side by side in an index: a page of them is a few rows found by key.
        return store.read(|conn| page(conn, &voice, &filter, after));
    }
    store
        .scan(move |conn| page(conn, &voice, &filter, after))
        .await
}

fn page(
    conn: &Connection,
    voice: &Voice,
    filter: &Filter,
    after: Option<Token>,
) -> Result<Page<Message>> {
    let bot = voice.bot();
    let integration = voice.integration().map(|own| own.name.clone());
    let reader = integration.as_deref();
    let tagged = Listing::tagged("messages", Tagged::Message, bot.seq, &filter.tags, reader);
    let mut listing = match (tagged, &filter.conversation) {
        (None, None) => return of_bot(conn, voice, after),
        (None, Some(conversation)) => return of_conversation(conn, voice, conversation, after),
        (Some(listing), _) => listing,
    };
    if let Some(id) = &filter.conversation {
        let Some(conversation) = conversations::read(conn, voice, id)? else {
            // Nothing is said in what is not there.
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        listing = listing
            .whose("messages.conversation_seq = :conversation")
            .with(":conversation", conversation.seq);
    }
    if let Some(integration) = integration {
        listing = listing
            .whose("conversations.integration = :integration")
            .with(":integration", integration);
    }
    listing.join(JOINS).with(":bot", bot.id.clone()).page(
        conn,
        COLUMNS,
        after,
        from_row,
        Message::position,
    )
}

/// The messages of a conversation that the caller sees: none if it does not see the conversation.
fn of_conversation(
    conn: &Connection,
    voice: &Voice,
    conversation: &ConversationId,
    after: Option<Token>,
) -> Result<Page<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages {JOINS} \
         WHERE conversations.id = :id AND conversations.agent_seq = :agent_seq \
           AND (:integration IS NULL OR conversations.integration = :integration) \
           AND messages.seq < :after \
         ORDER BY messages.seq DESC LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let parameters = named_params! {
        ":id": conversation,
        ":agent_seq": voice.bot().seq,
        ":integration": voice.integration().map(|own| own.name.as_str()),
        ":bot": voice.bot().id,
        ":after": after.unwrap_or(Token::START).seq,
        ":limit": ROWS,
    };
    Page::read(statement.query(parameters)?, from_row, Message::position)
}

/// All messages of a bot. Those that came in and those that went out stand apart in the index by
/// time, each in order, so that the two are merged.
fn of_bot(conn: &Connection, voice: &Voice, after: Option<Token>) -> Result<Page<Message>> {
    let half = |incoming: u8| {
        format!(
            "SELECT {COLUMNS}, messages.created_at AS at, messages.seq AS row \
             FROM messages {JOINS} \
             WHERE messages.agent_seq = :agent_seq AND messages.incoming = {incoming} \
               AND (messages.created_at, messages.seq) < (:at, :row) \
               AND (:integration IS NULL OR conversations.integration = :integration)"
        )
    };
    let sql = format!(
        "{} UNION ALL {} ORDER BY at DESC, row DESC LIMIT {}",
        half(0),
        half(1),
        ROWS,
    );
    let after = after.unwrap_or(Token::START);
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query(named_params! {
        ":agent_seq": voice.bot().seq,
        ":bot": voice.bot().id,
        ":integration": voice.integration().map(|own| own.name.as_str()),
        ":at": after.created_at,
        ":row": after.seq,
    })?;
    Page::read(rows, from_row, Message::position)
}
