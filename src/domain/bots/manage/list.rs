//! Lists the bots of a workspace; every agent is one.

use rusqlite::{Row, named_params};

use crate::{
    domain::{
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::request_auth::RequestContext,
    },
    kernel::{Result, Timestamp, ids::AgentId},
};

/// An entry in a list of bots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Id.
    pub id: AgentId,
    /// Name.
    pub name: String,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time of the last deployment of code.
    pub deployed_at: Option<Timestamp>,
    seq: i64,
}

const LIST: &str = "
    SELECT agents.seq, agents.id, agents.name, agents.created_at, agents.updated_at,
           bots.deployed_at
    FROM agents LEFT JOIN bots ON bots.agent_seq = agents.seq
    WHERE agents.workspace_id = :workspace_id AND agents.seq < :before
      AND agents.deleted_at IS NULL
      AND (:dev IS NULL OR coalesce(bots.dev, 0) = :dev)
    ORDER BY agents.seq DESC LIMIT :limit";

/// Lists the bots of the workspace of the call, newest first. `dev` keeps those in development or those that
/// are not.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    call: &RequestContext,
    dev: Option<bool>,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    let workspace = call.workspace().clone();
    call.app()
        .store()
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let parameters = named_params! {
                ":workspace_id": workspace,
                ":before": after.unwrap_or(PageToken::START).seq,
                ":dev": dev,
                ":limit": PAGE_QUERY_ROWS,
            };
            let summary = |row: &Row<'_>| {
                Ok(Summary {
                    id: row.get("id")?,
                    name: row.get("name")?,
                    created_at: row.get("created_at")?,
                    updated_at: row.get("updated_at")?,
                    deployed_at: row.get("deployed_at")?,
                    seq: row.get("seq")?,
                })
            };
            Page::read(statement.query(parameters)?, summary, |bot| {
                PageToken::for_row(bot.created_at, bot.seq)
            })
        })
        .await
}
