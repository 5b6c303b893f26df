//! Conversations that are kept for their caller: the turns of each.

use rusqlite::named_params;

use crate::{
    domain::{
        access::Call,
        answers::{Role, Turn},
    },
    kernel::Result,
};

const NEWEST: &str = "
    SELECT role, message FROM chat_turns
    WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id
    ORDER BY seq DESC LIMIT :limit";

/// The newest turns of a conversation of the caller's workspace, oldest first.
pub(super) async fn turns(call: &Call, conversation: &str) -> Result<Vec<Turn>> {
    let workspace = call.workspace().clone();
    let conversation = conversation.to_owned();
    let limit = call.domain().settings().answers.max_history_turns;
    let read = call.domain().store().scan(move |conn| {
        let mut statement = conn.prepare_cached(NEWEST)?;
        let parameters = named_params! {
            ":workspace_id": workspace,
            ":conversation_id": conversation,
            ":limit": limit,
        };
        let turns = statement.query_map(parameters, |row| {
            let role: String = row.get("role")?;
            Ok(Turn {
                role: parse(&role),
                message: row.get("message")?,
            })
        })?;
        Ok(turns.collect::<rusqlite::Result<Vec<_>>>()?)
    });
    let mut turns = read.await?;
    turns.reverse();
    Ok(turns)
}

const INSERT: &str = "
    INSERT INTO chat_turns (workspace_id, conversation_id, role, message, created_at)
    VALUES (:workspace_id, :conversation_id, :role, :message, :now)";

/// Adds turns to a conversation.
pub(super) async fn append(call: &Call, conversation: &str, turns: Vec<Turn>) -> Result<()> {
    let conversation = conversation.to_owned();
    let stored = call.domain().change(call, move |change, workspace| {
        let mut statement = change.conn.prepare_cached(INSERT)?;
        for turn in &turns {
            statement.execute(named_params! {
                ":workspace_id": workspace,
                ":conversation_id": conversation,
                ":role": word(turn.role),
                ":message": turn.message,
                ":now": change.now,
            })?;
        }
        Ok(())
    });
    stored.await
}

const fn word(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Chatbot => "chatbot",
        Role::System => "system",
    }
}

fn parse(word: &str) -> Role {
    match word {
        "user" => Role::User,
        "system" => Role::System,
        _ => Role::Chatbot,
    }
}
