//! Lists workflows.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{IS_LIVE, Workflow, WorkflowStatus, bot_author, rows};
use crate::{
    domain::{
        bots::{
            list_query::{self, ListQuery},
            tags::TagTable,
        },
        shared::paging::{Page, PageToken},
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Result,
        ids::{ConversationId, EndUserId, WorkflowId},
    },
};

/// Filters of a list of workflows. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those with this name.
    pub name: Option<String>,
    /// Only those with one of these statuses; all if empty.
    pub statuses: Vec<WorkflowStatus>,
    /// Only those with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// Only those that concern this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those that concern this user.
    pub user: Option<EndUserId>,
    /// Only the children of this workflow.
    pub parent: Option<WorkflowId>,
}

/// Lists the workflows of the call's bot, newest first.
///
/// # Errors
/// `Forbidden` for an integration; `Invalid` for too many filters; errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Workflow>> {
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
fn driving_table(filter: &Filter) -> &'static str {
    let is_live = |status: &WorkflowStatus| status.is_live();
    if filter.conversation.is_some() {
        "workflows INDEXED BY workflows_by_conversation"
    } else if filter.parent.is_some() {
        "workflows INDEXED BY workflows_by_parent"
    } else if filter.user.is_some() {
        "workflows INDEXED BY workflows_by_user"
    } else if !filter.statuses.is_empty() && filter.statuses.iter().all(is_live) {
        "workflows INDEXED BY workflows_live"
    } else if filter.name.is_some() {
        "workflows INDEXED BY workflows_by_name"
    } else {
        "workflows INDEXED BY workflows_by_agent"
    }
}

fn read_page(
    conn: &Connection,
    agent_seq: i64,
    filter: &Filter,
    after: Option<PageToken>,
) -> Result<Page<Workflow>> {
    let table = TagTable::Workflow;
    let tagged = ListQuery::filtered_by_tags("workflows", table, agent_seq, &filter.tags, None);
    let mut listing = tagged.unwrap_or_else(|| {
        ListQuery::new(driving_table(filter), "workflows.seq").bind(":agent_seq", agent_seq)
    });
    listing = listing.filter("workflows.agent_seq = :agent_seq");
    if let Some(name) = &filter.name {
        listing = listing
            .filter("workflows.name = :name")
            .bind(":name", name.clone());
    }
    if !filter.statuses.is_empty() && filter.statuses.iter().all(|status| status.is_live()) {
        listing = listing.filter(&format!("workflows.{IS_LIVE}"));
    }
    let listing = listing
        .filter_by_status("workflows.status", &filter.statuses)
        .filter_by_row(
            "workflows.conversation_seq",
            "conversations",
            filter.conversation.as_ref(),
        )
        .filter_by_row("workflows.user_seq", "end_users", filter.user.as_ref())
        .filter_by_row("workflows.parent_seq", "workflows", filter.parent.as_ref());
    listing.read_page(conn, rows::COLUMNS, after, rows::from_row, |workflow| {
        PageToken::for_row(workflow.created_at, workflow.seq)
    })
}
