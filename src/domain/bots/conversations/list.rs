//! Lists conversations.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Conversation, rows};
use crate::{
    domain::{
        bots::{
            author::Author,
            installations,
            list_filter::{Sort, TimeField, TimeRange},
            list_query::{self, ListQuery},
            tags::TagTable,
        },
        shared::paging::{Page, PageToken},
        tenancy::request_auth::{PrincipalAgent, RequestContext},
    },
    kernel::Result,
};

/// Filters of a list of conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those in which all of these users participate.
    pub participants: Vec<String>,
    /// Only those with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// Only those of this integration, by its name or its alias in the bot.
    pub integration: Option<String>,
    /// Only those in a channel of this name.
    pub channel: Option<String>,
    /// Only those that were created in this range.
    // wire: nothing says which time it is (botpress-today.md §5)
    pub range: TimeRange,
    /// Sort order.
    pub sort: Sort,
}

/// Lists the conversations of the call's bot that the caller can see, newest first by default.
///
/// # Errors
/// `Invalid` for too many filters, or errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Conversation>> {
    let author = Author::from_call(call)?;
    list_query::require_max_filters(call, "tags", filter.tags.len())?;
    list_query::require_max_filters(call, "participantIds", filter.participants.len())?;
    // A filter may skip any number of rows.
    let is_short = filter == Filter::default();
    call.app()
        .store()
        .read_page(is_short, move |conn| {
            read_page(conn, &author, &filter, after)
        })
        .await
}

fn read_page(
    conn: &Connection,
    author: &Author,
    filter: &Filter,
    after: Option<PageToken>,
) -> Result<Page<Conversation>> {
    let bot = author.bot();
    let integration = author.integration().map(|own| own.name.clone());
    let Some((people, with_bot)) = find_user_rows(conn, bot, &filter.participants)? else {
        // A missing user participates in no conversation.
        return Ok(Page::empty());
    };
    let mut people = people.into_iter();
    let reader = integration.as_deref();
    let tagged = ListQuery::filtered_by_tags(
        "conversations",
        TagTable::Conversation,
        bot.seq,
        &filter.tags,
        reader,
    );
    let mut listing = match (tagged, reader) {
        (Some(listing), _) => listing,
        (None, reader) => match people.next() {
            Some(person) => ListQuery::new(
                "conversation_participants AS taking CROSS JOIN conversations \
                 ON conversations.seq = taking.conversation_seq",
                "taking.conversation_seq",
            )
            .filter("taking.user_seq = :person")
            .filter("conversations.agent_seq = :agent_seq")
            .bind(":person", person)
            .bind(":agent_seq", bot.seq),
            None => {
                let index = match reader {
                    Some(_) => "conversations_by_integration",
                    None => "conversations_by_agent",
                };
                let from = format!("conversations INDEXED BY {index}");
                ListQuery::new(&from, "conversations.seq")
                    .filter("conversations.agent_seq = :agent_seq")
                    .bind(":agent_seq", bot.seq)
            }
        },
    };
    for (index, person) in people.enumerate() {
        listing = listing
            .filter(&format!(
                "EXISTS (SELECT 1 FROM conversation_participants AS also \
                 WHERE also.conversation_seq = conversations.seq AND also.user_seq = :also{index})"
            ))
            .bind(&format!(":also{index}"), person);
    }
    if with_bot {
        listing = listing.filter("conversations.bot_participates");
    }
    if let Some(integration) = integration {
        listing = listing
            .filter("conversations.integration = :integration")
            .bind(":integration", integration);
    }
    if let Some(wanted) = &filter.integration {
        let wanted = match author.integration() {
            Some(own) if own.is_called(wanted) => own.name.clone(),
            _ => installations::resolve_alias(conn, bot.seq, wanted)?,
        };
        listing = listing
            .filter("conversations.integration = :wanted_integration")
            .bind(":wanted_integration", wanted);
    }
    if let Some(wanted) = &filter.channel {
        listing = listing
            .filter("conversations.channel = :wanted_channel")
            .bind(":wanted_channel", wanted.clone());
    }
    let sort = filter.sort;
    listing
        .filter_by_time("conversations", TimeField::CreatedAt, filter.range)
        .sort_by("conversations", sort)
        .read_page(conn, &rows::COLUMNS, after, rows::from_row, |found| {
            sort.page_token((found.created_at, found.updated_at), found.seq)
        })
}

const FIND_USER_SEQ: &str = "SELECT seq FROM end_users WHERE id = :id AND agent_id = :agent_id";

/// Returns the row ids of users, and true if the bot itself is one of the ids. Returns `None` if a user does
/// not exist.
fn find_user_rows(
    conn: &Connection,
    bot: &PrincipalAgent,
    ids: &[String],
) -> Result<Option<(Vec<i64>, bool)>> {
    let (mut people, mut with_bot) = (Vec::new(), false);
    for id in ids {
        if id == bot.id.as_str() {
            with_bot = true;
            continue;
        }
        let parameters = named_params! {":id": id, ":agent_id": bot.id};
        let person = conn
            .prepare_cached(FIND_USER_SEQ)?
            .query_row(parameters, |row| row.get(0));
        match person.optional()? {
            Some(seq) if people.contains(&seq) => {}
            Some(seq) => people.push(seq),
            None => return Ok(None),
        }
    }
    Ok(Some((people, with_bot)))
}
