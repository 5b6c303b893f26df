//! The web chat of a bot, which is the built-in integration `chat` and a page: what the page shows, and
//! how it is switched on.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Bot, find};
use crate::{
    domain::{Domain, access::Call, agents, audit::Actor, webchat},
    kernel::{Error, Result, ids::AgentId},
};

/// What anybody may know of a bot who has the address of its chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The bot's id.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Whether it can answer.
    pub standing: Standing,
    /// What the address of the chat's API ends with; none if the chat is not switched on.
    pub webhook_id: Option<String>,
}

/// Whether a bot can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is something that is told of messages.
    Answers,
    /// It has neither code nor an address.
    NoCode,
    /// It is stopped.
    Blocked,
}

const FIND: &str = "
    SELECT agents.id, agents.name, coalesce(bots.blocked, 0) AS blocked,
           bots.url IS NOT NULL
             OR EXISTS (SELECT 1 FROM bot_code WHERE agent_seq = agents.seq) AS has_code
    FROM agents LEFT JOIN bots ON bots.agent_seq = agents.seq
    WHERE (agents.id = :key OR agents.handle = :key) AND agents.deleted_at IS NULL
    ORDER BY agents.id = :key DESC LIMIT 1";

/// The bot with this id or handle, in whichever workspace: for whoever opens its page, who proves
/// nothing.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn shown(domain: &Domain, id_or_handle: &str) -> Result<Shown> {
    let found = domain.store().read(|conn| read(conn, id_or_handle))?;
    let mut shown =
        found.ok_or_else(|| Error::not_found("Bot not found. Look at the address again."))?;
    shown.webhook_id = webchat::find(domain, &shown.id)?;
    Ok(shown)
}

fn read(conn: &Connection, key: &str) -> Result<Option<Shown>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":key": key}, |row| {
            let (blocked, has_code): (bool, bool) = (row.get("blocked")?, row.get("has_code")?);
            Ok(Shown {
                id: row.get("id")?,
                name: row.get("name")?,
                standing: match (blocked, has_code) {
                    (true, _) => Standing::Blocked,
                    (false, true) => Standing::Answers,
                    (false, false) => Standing::NoCode,
                },
                webhook_id: None,
            })
        });
    Ok(found.optional()?)
}

/// The bot with this id in the workspace of the call, with its chat switched on if it was never off.
///
/// # Errors
/// Those of [`find`] and [`webchat::ensure`].
pub async fn with_chat(call: &Call, id: AgentId) -> Result<Bot> {
    let bot = find(call, id).await?;
    webchat::ensure(call, &bot.id).await?;
    Ok(bot)
}

/// Switches the chat of a bot on for whoever may do everything here.
///
/// # Errors
/// `NotFound`, or those of [`webchat::ensure_for`].
pub async fn switch_chat_on(domain: &Domain, id_or_handle: &str) -> Result<()> {
    let shown = shown(domain, id_or_handle)?;
    let agent = domain
        .store()
        .read(|conn| agents::find_by_id(conn, &shown.id))?;
    webchat::ensure_for(domain, Actor::Operator, &agent).await?;
    Ok(())
}
