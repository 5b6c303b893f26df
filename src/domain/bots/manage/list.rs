//! The bots of a workspace: every agent is one.

use rusqlite::{Row, named_params};

use crate::{
    domain::{
        shared::paging::{Page, ROWS, Token},
        tenancy::request_auth::Call,
    },
    kernel::{Result, Timestamp, ids::AgentId},
};

/// A bot in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When code was last deployed.
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

/// The bots of the workspace of the call, newest first: all, or those that are in development, or
/// those that are not.
///
/// # Errors
/// Those of the store.
pub async fn list(call: &Call, dev: Option<bool>, after: Option<Token>) -> Result<Page<Summary>> {
    let workspace = call.workspace().clone();
    call.app()
        .store()
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let parameters = named_params! {
                ":workspace_id": workspace,
                ":before": after.unwrap_or(Token::START).seq,
                ":dev": dev,
                ":limit": ROWS,
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
                Token::at(bot.created_at, bot.seq)
            })
        })
        .await
}
