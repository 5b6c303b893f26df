//! Counts of the usage of workspaces and bots.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::UsageType;
use crate::kernel::{
    Month, Result,
    ids::{AgentId, WorkspaceId},
};

/// Counter without a [`UsageType`].
const USER_MESSAGES: &str = "user_messages";

const COUNT_AGENTS: &str = "
    SELECT count(*) FROM agents
    WHERE workspace_id = :workspace_id AND created_at < :end AND deleted_at IS NULL";
const COUNT_MEMBERS: &str = "
    SELECT count(*) FROM members WHERE workspace_id = :workspace_id AND created_at < :end";
const COUNT_INTEGRATIONS: &str = "
    SELECT count(*) FROM integrations WHERE workspace_id = :workspace_id AND created_at < :end";
/// Text files of bots, and files with a key.
const SUM_STORAGE: &str = "
    SELECT coalesce((
            SELECT sum(length(bot_files.contents)) FROM agents
            JOIN bot_files ON bot_files.agent_seq = agents.seq
            WHERE agents.workspace_id = :workspace_id AND (:agent = '' OR agents.id = :agent)
              AND agents.deleted_at IS NULL AND bot_files.created_at < :end), 0)
        + coalesce((
            SELECT sum(files.size) FROM agents JOIN files ON files.agent_seq = agents.seq
            WHERE agents.workspace_id = :workspace_id AND (:agent = '' OR agents.id = :agent)
              AND agents.deleted_at IS NULL AND files.created_at < :end
              AND files.size IS NOT NULL), 0)";

const SUM_TABLE_ROWS: &str = "
    SELECT coalesce(sum(bot_tables.row_count * bot_tables.factor), 0)
    FROM agents JOIN bot_tables ON bot_tables.agent_seq = agents.seq
    WHERE agents.workspace_id = :workspace_id AND (:agent = '' OR agents.id = :agent)
      AND agents.deleted_at IS NULL AND bot_tables.deleted_at IS NULL AND bot_tables.created_at < :end";

/// Returns the usage of a workspace, or of one of its bots, in a month.
pub(super) fn count_usage(
    conn: &Connection,
    workspace: &WorkspaceId,
    bot: Option<&AgentId>,
    kind: UsageType,
    month: Month,
) -> Result<u64> {
    let statement = match kind {
        UsageType::BotCount => COUNT_AGENTS,
        UsageType::WorkspaceMemberCount => COUNT_MEMBERS,
        UsageType::IntegrationsOwnedCount => COUNT_INTEGRATIONS,
        UsageType::StorageCount => return sum_of_bots(conn, SUM_STORAGE, workspace, bot, month),
        UsageType::TableRowCount => {
            return sum_of_bots(conn, SUM_TABLE_ROWS, workspace, bot, month);
        }
        UsageType::InvocationCalls | UsageType::CognitiveCalls => {
            return find_counter(conn, workspace, bot, kind.as_str(), month);
        }
        UsageType::AiSpend => {
            let spent = find_counter(conn, workspace, bot, kind.as_str(), month)?;
            return Ok(to_dollars(spent));
        }
        UsageType::InvocationTimeout
        | UsageType::BotRatelimit
        | UsageType::KnowledgebaseVectorCount
        | UsageType::ModelCredit
        | UsageType::KnowledgebaseVectorStorage
        | UsageType::WorkspaceRatelimit
        | UsageType::OpenaiSpend
        | UsageType::BingSearchSpend
        | UsageType::AlwaysAlive
        | UsageType::IndexedFileCount
        | UsageType::FileMaxSizeBytes => return Ok(0),
    };
    let count: i64 = conn.prepare_cached(statement)?.query_row(
        named_params! {":workspace_id": workspace, ":end": month.end()},
        |row| row.get(0),
    )?;
    Ok(count.unsigned_abs())
}

fn sum_of_bots(
    conn: &Connection,
    statement: &str,
    workspace: &WorkspaceId,
    bot: Option<&AgentId>,
    month: Month,
) -> Result<u64> {
    let agent = bot.map_or("", AgentId::as_str);
    let parameters = named_params! {
        ":workspace_id": workspace, ":agent": agent, ":end": month.end(),
    };
    let sum: i64 = conn
        .prepare_cached(statement)?
        .query_row(parameters, |row| row.get(0))?;
    Ok(sum.unsigned_abs())
}

/// Number of units of the counter of [`UsageType::AiSpend`] in a dollar.
pub(super) const SPEND_UNITS_PER_DOLLAR: u64 = 1_000_000_000;

/// Returns whole dollars, rounded.
const fn to_dollars(spent: u64) -> u64 {
    spent.saturating_add(SPEND_UNITS_PER_DOLLAR / 2) / SPEND_UNITS_PER_DOLLAR
}

/// Returns the cost of AI of a workspace in a month, in billionths of a dollar.
pub(super) fn find_ai_spend(
    conn: &Connection,
    workspace: &WorkspaceId,
    month: Month,
) -> Result<u64> {
    find_counter(conn, workspace, None, UsageType::AiSpend.as_str(), month)
}

const FIND_COUNTER: &str = "
    SELECT value FROM usage_monthly
    WHERE workspace_id = :workspace_id AND type = :type AND month = :month AND agent_id = :agent";

fn find_counter(
    conn: &Connection,
    workspace: &WorkspaceId,
    bot: Option<&AgentId>,
    kind: &str,
    month: Month,
) -> Result<u64> {
    let value = conn.prepare_cached(FIND_COUNTER)?.query_row(
        named_params! {
            ":workspace_id": workspace,
            ":type": kind,
            ":month": month.to_string(),
            ":agent": bot.map_or("", AgentId::as_str),
        },
        |row| row.get::<_, i64>(0),
    );
    Ok(value.optional()?.map_or(0, i64::unsigned_abs))
}

/// Returns the number of messages that users of a workspace's bots have sent in a month.
///
/// # Errors
/// Errors of the store.
pub fn count_user_messages(
    conn: &Connection,
    workspace: &WorkspaceId,
    month: Month,
) -> Result<u64> {
    find_counter(conn, workspace, None, USER_MESSAGES, month)
}

const ADD: &str = "
    INSERT INTO usage_monthly (workspace_id, agent_id, type, month, value)
    VALUES (:workspace_id, '', :type, :month, :more), (:workspace_id, :agent, :type, :month, :more)
    ON CONFLICT (workspace_id, type, month, agent_id) DO UPDATE SET value = value + :more";

/// Adds to a counter of a bot and its workspace.
pub(super) fn add(
    conn: &Connection,
    (workspace, bot): (&WorkspaceId, &AgentId),
    kind: UsageType,
    month: Month,
    more: u64,
) -> Result<()> {
    conn.prepare_cached(ADD)?.execute(named_params! {
        ":workspace_id": workspace,
        ":agent": bot,
        ":type": kind,
        ":month": month.to_string(),
        ":more": i64::try_from(more).unwrap_or(i64::MAX),
    })?;
    Ok(())
}
