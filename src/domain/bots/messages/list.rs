//! Lists messages.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use super::{COLUMNS, JOINS, Message, from_row, index::IndexSnapshot};
use crate::{
    domain::{
        bots::{
            author::Author,
            conversations,
            list_filter::{TimeField, TimeRange},
            list_query::{self, ListQuery},
            tags::{TagTable, Tags, resolve_filter_name},
        },
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::request_auth::RequestContext,
    },
    kernel::{Result, ids::ConversationId},
};

/// Filters of a list of messages.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only messages of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only messages with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// Only messages that were created in this range.
    pub range: TimeRange,
}

/// SQL condition on the time of creation, with [`TimeRange::to_micros`] as its parameters.
const IN_RANGE: &str = "messages.created_at BETWEEN :from AND :until";

/// Lists the messages of the call's bot that the caller can see, newest first.
///
/// # Errors
/// `Invalid` for too many filters, or errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Message>> {
    let author = Author::from_call(call)?;
    list_query::require_max_filters(call, "tags", filter.tags.len())?;
    let app = call.app();
    let recent = app.message_index().snapshot();
    let after = after.unwrap_or(PageToken::START);
    // The index table is clustered by conversation, so a page is a short range of keys.
    if let Some(id) = &filter.conversation
        && filter.tags.is_empty()
        && filter.range.is_unbounded()
    {
        return app.store().read(|conn| {
            let route = app
                .channel_cache()
                .get_or_load(conn, author.bot().seq, id)?;
            let integration = author.integration().map(|own| own.name.as_str());
            let seen = route.filter(|route| integration.is_none_or(|own| own == route.integration));
            seen.map_or_else(
                || Ok(Page::empty()),
                |route| {
                    let place = (route.seq, id, filter.range);
                    list_by_conversation(conn, &author, place, after, &recent)
                },
            )
        });
    }
    // A filter may skip any number of rows.
    let is_short =
        filter.tags.is_empty() && filter.range.is_unbounded() && author.integration().is_none();
    app.store()
        .read_page(is_short, move |conn| {
            list_filtered(conn, &author, &filter, after, &recent)
        })
        .await
}

fn list_filtered(
    conn: &Connection,
    author: &Author,
    filter: &Filter,
    after: PageToken,
    index: &IndexSnapshot,
) -> Result<Page<Message>> {
    match &filter.conversation {
        _ if !filter.tags.is_empty() => list_by_tags(conn, author, filter, after, index),
        None => list_by_bot(conn, author, filter.range, after, index),
        Some(id) => match conversations::find_visible(conn, author, id)? {
            Some(found) => {
                let place = (found.seq, id, filter.range);
                list_by_conversation(conn, author, place, after, index)
            }
            None => Ok(Page::empty()),
        },
    }
}

/// Lists the messages of a bot with the tags of a filter.
fn list_by_tags(
    conn: &Connection,
    author: &Author,
    filter: &Filter,
    after: PageToken,
    index: &IndexSnapshot,
) -> Result<Page<Message>> {
    let (bot, tags) = (author.bot(), &filter.tags);
    let (from, until) = filter.range.to_micros();
    let integration = author.integration().map(|own| own.name.as_str());
    let listing =
        ListQuery::filtered_by_tags("messages", TagTable::Message, bot.seq, tags, integration);
    let (Some(mut listing), Some((name, value))) = (listing, tags.iter().next()) else {
        return Ok(Page::empty());
    };
    let mut of_conversation = None;
    if let Some(id) = &filter.conversation {
        let Some(conversation) = conversations::find_visible(conn, author, id)? else {
            // A missing conversation has no messages.
            return Ok(Page::empty());
        };
        listing = listing
            .filter("messages.conversation_seq = :conversation")
            .bind(":conversation", conversation.seq);
        of_conversation = Some(conversation.seq);
    }
    if let Some(integration) = integration {
        listing = listing
            .filter("conversations.integration = :integration")
            .bind(":integration", integration.to_owned());
    }
    let listing = listing.filter_by_time("messages", TimeField::CreatedAt, filter.range);
    let page = listing.join(JOINS).bind(":bot", bot.id.clone()).read_page(
        conn,
        COLUMNS,
        Some(after),
        from_row,
        Message::page_token,
    )?;
    let first = resolve_filter_name(name, integration);
    let wanted = tags
        .iter()
        .map(|(name, value)| (resolve_filter_name(name, integration), value.clone()))
        .collect();
    let wanted = Tags::from_full_names(&wanted).to_canonical_json();
    let found = index.find_by_tag(bot.seq, &first, value, after.seq);
    let condition = format!(
        "messages.agent_seq = :agent_seq AND {IN_RANGE} \
         AND (:conversation IS NULL OR messages.conversation_seq = :conversation) \
         AND (:integration IS NULL OR conversations.integration = :integration) \
         AND NOT EXISTS (SELECT key, value FROM json_each(:tags) \
                         EXCEPT SELECT key, value FROM json_each(messages.tags))"
    );
    found.merge_into_page(
        conn,
        page,
        &condition,
        named_params! {
            ":from": from,
            ":until": until,
            ":agent_seq": bot.seq,
            ":bot": bot.id,
            ":conversation": of_conversation,
            ":integration": integration,
            ":tags": wanted,
        },
    )
}

/// Lists the messages of a conversation. The id is checked, because its row may belong to another one by now.
fn list_by_conversation(
    conn: &Connection,
    author: &Author,
    (seq, id, range): (i64, &ConversationId, TimeRange),
    after: PageToken,
    index: &IndexSnapshot,
) -> Result<Page<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM conversations \
         CROSS JOIN messages_of_conversation AS found \
            ON found.conversation_seq = conversations.seq \
         CROSS JOIN messages ON messages.seq = found.seq \
         LEFT JOIN end_users ON end_users.seq = messages.user_seq \
         WHERE conversations.seq = :conversation AND conversations.id = :id \
           AND found.seq < :after AND {IN_RANGE} \
         ORDER BY found.seq DESC LIMIT :limit"
    );
    let (from, until) = range.to_micros();
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query(named_params! {
        ":from": from,
        ":until": until,
        ":conversation": seq,
        ":id": id,
        ":bot": author.bot().id,
        ":after": after.seq,
        ":limit": PAGE_QUERY_ROWS,
    })?;
    let page = Page::read(rows, from_row, Message::page_token)?;
    let found = index.find_by_conversation(seq, after.seq);
    let condition = format!(
        "messages.conversation_seq = :conversation AND conversations.id = :id AND {IN_RANGE}"
    );
    found.merge_into_page(
        conn,
        page,
        &condition,
        named_params! {
            ":conversation": seq,
            ":id": id,
            ":bot": author.bot().id,
            ":from": from,
            ":until": until,
        },
    )
}

/// Lists all messages of a bot. The index table has incoming and outgoing messages in separate ranges, each
/// in order of time, so the statement merges the two.
fn list_by_bot(
    conn: &Connection,
    author: &Author,
    range: TimeRange,
    after: PageToken,
    index: &IndexSnapshot,
) -> Result<Page<Message>> {
    let (from, until) = range.to_micros();
    let half = |incoming: u8| {
        format!(
            "SELECT {COLUMNS}, found.created_at AS at, found.seq AS row \
             FROM messages_of_agent AS found \
             CROSS JOIN messages ON messages.seq = found.seq {JOINS} \
             WHERE found.agent_seq = :agent_seq AND found.incoming = {incoming} \
               AND (found.created_at, found.seq) < (:at, :row) \
               AND found.created_at BETWEEN :from AND :until \
               AND (:integration IS NULL OR conversations.integration = :integration)"
        )
    };
    let sql = format!(
        "{} UNION ALL {} ORDER BY at DESC, row DESC LIMIT {}",
        half(0),
        half(1),
        PAGE_QUERY_ROWS,
    );
    let agent_seq = author.bot().seq;
    let integration = author.integration().map(|own| own.name.as_str());
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query(named_params! {
        ":from": from,
        ":until": until,
        ":agent_seq": agent_seq,
        ":bot": author.bot().id,
        ":integration": integration,
        ":at": after.created_at,
        ":row": after.seq,
    })?;
    let mut page = Page::read(rows, from_row, Message::page_token)?;
    let before = (after.created_at.as_micros(), after.seq);
    for incoming in [false, true] {
        let found = index.find_by_agent(agent_seq, incoming, from, before);
        let condition = format!(
            "messages.agent_seq = :agent_seq AND {IN_RANGE} \
             AND (:integration IS NULL OR conversations.integration = :integration)"
        );
        page = found.merge_into_page(
            conn,
            page,
            &condition,
            named_params! {
                ":from": from,
                ":until": until,
                ":agent_seq": agent_seq,
                ":bot": author.bot().id,
                ":integration": integration,
            },
        )?;
    }
    Ok(page)
}
