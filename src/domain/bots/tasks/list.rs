//! Lists tasks.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Task, TaskStatus, rows};
use crate::{
    domain::{
        bots::{
            list_query::{self, ListQuery},
            tags::TagTable,
            workflows::bot_author,
        },
        shared::paging::{Page, PageToken},
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Result,
        ids::{ConversationId, EndUserId, TaskId},
    },
};

/// Filters of a list of tasks. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this type.
    pub kind: Option<String>,
    /// Only those with one of these statuses; all if empty.
    pub statuses: Vec<TaskStatus>,
    /// Only those with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// Only those of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those that concern this user.
    pub user: Option<EndUserId>,
    /// Only those that are part of this task.
    pub parent: Option<TaskId>,
}

/// Lists the tasks of the call's bot, newest first.
///
/// # Errors
/// `Forbidden` for an integration; `Invalid` for too many filters; errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Task>> {
    let author = bot_author(call)?;
    list_query::require_max_filters(call, "tags", filter.tags.len())?;
    let agent_seq = author.bot().seq;
    let is_short = filter == Filter::default();
    call.app()
        .store()
        .read_page(is_short, move |conn| {
            read_page(conn, agent_seq, &filter, after)
        })
        .await
}

/// Returns the table and the index that have the fewest rows to skip.
const fn driving_table(filter: &Filter) -> &'static str {
    if filter.conversation.is_some() {
        "tasks INDEXED BY tasks_by_conversation"
    } else if filter.parent.is_some() {
        "tasks INDEXED BY tasks_by_parent"
    } else if filter.user.is_some() {
        "tasks INDEXED BY tasks_by_user"
    } else {
        "tasks INDEXED BY tasks_by_agent"
    }
}

fn read_page(
    conn: &Connection,
    agent_seq: i64,
    filter: &Filter,
    after: Option<PageToken>,
) -> Result<Page<Task>> {
    let table = TagTable::Task;
    let tagged = ListQuery::filtered_by_tags("tasks", table, agent_seq, &filter.tags, None);
    let mut listing = tagged.unwrap_or_else(|| {
        ListQuery::new(driving_table(filter), "tasks.seq").bind(":agent_seq", agent_seq)
    });
    listing = listing.filter("tasks.agent_seq = :agent_seq");
    if let Some(kind) = &filter.kind {
        listing = listing
            .filter("tasks.type = :kind")
            .bind(":kind", kind.clone());
    }
    let listing = listing
        .filter_by_status("tasks.status", &filter.statuses)
        .filter_by_row(
            "tasks.conversation_seq",
            "conversations",
            filter.conversation.as_ref(),
        )
        .filter_by_row("tasks.user_seq", "end_users", filter.user.as_ref())
        .filter_by_row("tasks.parent_seq", "tasks", filter.parent.as_ref());
    listing.read_page(conn, rows::COLUMNS, after, rows::from_row, |task| {
        PageToken::for_row(task.created_at, task.seq)
    })
}
