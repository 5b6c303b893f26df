//! Lists events: merges stored events and the events of incoming messages by creation time.

use rusqlite::{Connection, ToSql};

use super::{
    Event, EventStatus, MESSAGE_CREATED, rows,
    status::{HAS_EVENT, MESSAGE_STATUS, STORED_STATUS},
};
use crate::{
    domain::{
        bots::{
            author::Author,
            installations,
            messages::{self, IndexSnapshot},
        },
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Result,
        ids::{ConversationId, EndUserId, MessageId, WorkflowId},
    },
};

/// Filter of a list of events. All conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only events of this type.
    pub kind: Option<String>,
    /// Only events that concern this conversation.
    pub conversation: Option<ConversationId>,
    /// Only events that concern this user.
    pub user: Option<EndUserId>,
    /// Only events that concern this message.
    pub message: Option<MessageId>,
    /// Only events that concern this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only events with this status.
    pub status: Option<EventStatus>,
}

/// Returns a page of the events in the call's bot that the caller may see, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Event>> {
    let author = Author::from_call(call)?;
    let index = call.app().message_index().snapshot();
    call.app()
        .store()
        .scan(move |conn| {
            let after = after.unwrap_or(PageToken::START);
            let of_messages = filter
                .kind
                .as_deref()
                .is_none_or(|kind| kind == MESSAGE_CREATED)
                && filter.workflow.is_none();
            let mut found = list_stored(conn, &author, &filter, after)?;
            if of_messages {
                found.extend(list_incoming(conn, &author, &filter, after, &index)?);
            }
            found.sort_by_key(|event| {
                let at = event.position;
                std::cmp::Reverse((at.created_at, at.seq, at.tie_breaker))
            });
            Ok(Page::from_rows(found, Event::position))
        })
        .await
}

/// Returns the SQL conditions of a filter for these columns and this status, and adds their parameters.
fn filter_sql<'a>(
    filter: &'a Filter,
    columns: [&str; 4],
    parameters: &mut Vec<(&'static str, &'a dyn ToSql)>,
) -> String {
    let mut text = String::new();
    let [conversation, user, message, status] = columns;
    if let Some(wanted) = &filter.status {
        text.push_str(&format!(" AND {status} = :status"));
        parameters.push((":status", wanted));
    }
    if let Some(id) = &filter.conversation {
        text.push_str(&format!(
            " AND {conversation} = (SELECT seq FROM conversations WHERE id = :conversation)"
        ));
        parameters.push((":conversation", id));
    }
    if let Some(id) = &filter.user {
        text.push_str(&format!(
            " AND {user} = (SELECT seq FROM end_users WHERE id = :user)"
        ));
        parameters.push((":user", id));
    }
    if let Some(id) = &filter.message {
        text.push_str(&format!(
            " AND {message} = (SELECT seq FROM messages WHERE id = :message)"
        ));
        parameters.push((":message", id));
    }
    text
}

fn list_stored(
    conn: &Connection,
    author: &Author,
    filter: &Filter,
    after: PageToken,
) -> Result<Vec<Event>> {
    let (at, agent_seq) = (after.created_at, author.bot().seq);
    let mut parameters: Vec<(&'static str, &dyn ToSql)> = vec![
        (":agent_seq", &agent_seq),
        (":at", &at),
        (":row", &after.seq),
        (":sub", &after.tie_breaker),
    ];
    let columns = [
        "events.conversation_seq",
        "events.user_seq",
        "events.message_seq",
        STORED_STATUS,
    ];
    let mut more = filter_sql(filter, columns, &mut parameters);
    let kind = match (&filter.kind, author.integration()) {
        (Some(kind), None) => Some(installations::resolve_alias_prefix(conn, agent_seq, kind)?),
        (kind, _) => kind.clone(),
    };
    if let Some(kind) = &kind {
        more.push_str(" AND events.type = :kind");
        parameters.push((":kind", kind));
    }
    if let Some(id) = &filter.workflow {
        more.push_str(
            " AND events.workflow_seq = (SELECT seq FROM workflows WHERE id = :workflow)",
        );
        parameters.push((":workflow", id));
    }
    let table = match filter.workflow {
        // Few of a bot's events concern one workflow.
        Some(_) => "events INDEXED BY events_by_workflow",
        None => "events",
    };
    let own = author.integration().map(|own| own.name.as_str());
    if own.is_some() {
        more.push_str(rows::INTEGRATION_CONDITION);
        parameters.push((":own", &own));
    }
    let sql = format!(
        "SELECT {} FROM {table} {} \
         WHERE events.agent_seq = :agent_seq AND (events.created_at, events.after_message, events.seq) < (:at, :row, :sub){more} \
         ORDER BY events.created_at DESC, events.after_message DESC, events.seq DESC LIMIT {}",
        *rows::COLUMNS,
        rows::JOINS,
        PAGE_QUERY_ROWS,
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map(parameters.as_slice(), rows::from_row)?;
    found
        .map(|stored| stored?.load(conn, author.bot()))
        .collect()
}

fn list_incoming(
    conn: &Connection,
    author: &Author,
    filter: &Filter,
    after: PageToken,
    index: &IndexSnapshot,
) -> Result<Vec<Event>> {
    // An event sorts after the message that was the newest at its creation, so the next page includes that
    // message.
    let row = after.seq.saturating_add(i64::from(after.tie_breaker > 0));
    let columns = [
        "messages.conversation_seq",
        "messages.user_seq",
        "messages.seq",
        MESSAGE_STATUS,
    ];
    let mut parameters = Vec::new();
    let more = filter_sql(filter, columns, &mut parameters);
    let more = format!(" AND {HAS_EVENT}{more}");
    let before = (after.created_at, row);
    messages::list_incoming(conn, index, author, before, (&more, &parameters))?
        .into_iter()
        .filter_map(|message| rows::event_from_message(conn, author, message).transpose())
        .collect()
}
