//! Stored conversations of Cohere's chat: reads, appends and prunes their turns.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use crate::{
    domain::{
        App,
        retrieval::answers::{Role, Turn},
        tenancy::request_auth::RequestContext,
    },
    kernel::Result,
};

const NEWEST: &str = "
    SELECT role, message FROM chat_turns
    WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id
    ORDER BY seq DESC LIMIT :limit";

/// Returns the newest turns of a conversation of the caller's workspace, oldest first.
pub(super) async fn list_turns(call: &RequestContext, conversation: &str) -> Result<Vec<Turn>> {
    let workspace = call.workspace().clone();
    let conversation = conversation.to_owned();
    let limit = call.app().answer_settings().max_history_turns;
    let stored = call.app().store().scan(move |conn| {
        let mut statement = conn.prepare_cached(NEWEST)?;
        let parameters = named_params! {
            ":workspace_id": workspace,
            ":conversation_id": conversation,
            ":limit": limit,
        };
        let turns = statement.query_map(parameters, |row| {
            let role: String = row.get("role")?;
            Ok(Turn {
                role: role_from_sql(&role),
                message: row.get("message")?,
            })
        })?;
        Ok(turns.collect::<rusqlite::Result<Vec<_>>>()?)
    });
    let mut turns = stored.await?;
    turns.reverse();
    Ok(turns)
}

const INSERT: &str = "
    INSERT INTO chat_turns (workspace_id, conversation_id, role, message, created_at)
    VALUES (:workspace_id, :conversation_id, :role, :message, :now)";

/// Deletes all but the newest turns of a conversation.
const DELETE_OLDEST: &str = "
    DELETE FROM chat_turns WHERE seq IN (
        SELECT seq FROM chat_turns
        WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

/// Maximum number of turns deleted in one transaction.
const CHUNK: usize = 500;

const DELETE_EXPIRED: &str = "
    DELETE FROM chat_turns WHERE seq IN (
        SELECT seq FROM chat_turns WHERE created_at < :before LIMIT :limit)";

const HAS_EXPIRED: &str = "SELECT EXISTS (SELECT 1 FROM chat_turns WHERE created_at < :before)";

/// Deletes the turns of every workspace that are older than `answers.history_days`.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn prune_turns(app: &App) -> Result<()> {
    let days = app.answer_settings().history_days;
    if days == 0 {
        return Ok(());
    }
    let retention = Duration::from_secs(days.saturating_mul(24 * 3600));
    let before = app.clock().now().minus(retention);
    let is_old = |conn: &Connection| {
        let mut statement = conn.prepare_cached(HAS_EXPIRED)?;
        Ok(statement.query_row(named_params! {":before": before}, |row| row.get(0))?)
    };
    while app.store().read(is_old)? {
        let removed = app.store().write(move |conn| {
            conn.prepare_cached(DELETE_EXPIRED)?
                .execute(named_params! {":before": before, ":limit": CHUNK as i64})?;
            Ok(())
        });
        removed.await?;
    }
    Ok(())
}

/// Appends turns to a conversation, and deletes its oldest turns beyond `answers.max_stored_turns`.
pub(super) async fn append_turns(
    call: &RequestContext,
    conversation: &str,
    turns: Vec<Turn>,
) -> Result<()> {
    let conversation = conversation.to_owned();
    let max_turns = call.app().answer_settings().max_stored_turns;
    let stored = call.app().run_write_tx(call, move |tx, workspace| {
        let mut statement = tx.conn.prepare_cached(INSERT)?;
        for turn in &turns {
            statement.execute(named_params! {
                ":workspace_id": workspace,
                ":conversation_id": conversation,
                ":role": role_to_sql(turn.role),
                ":message": turn.message,
                ":now": tx.now,
            })?;
        }
        tx.conn
            .prepare_cached(DELETE_OLDEST)?
            .execute(named_params! {
                ":workspace_id": workspace,
                ":conversation_id": conversation,
                ":kept": max_turns,
            })?;
        Ok(())
    });
    stored.await
}

const fn role_to_sql(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Chatbot => "chatbot",
        Role::System => "system",
    }
}

fn role_from_sql(word: &str) -> Role {
    match word {
        "user" => Role::User,
        "system" => Role::System,
        _ => Role::Chatbot,
    }
}
