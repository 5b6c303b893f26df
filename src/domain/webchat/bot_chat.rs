//! The web chat of a bot, which is the built-in integration `chat` and a page: what the page shows, and
//! how it is switched on.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::{
        App,
        bots::{
            manage::{Bot, find},
            protocol::Seen,
        },
        tenancy::{agents, audit::Actor, request_auth::Call},
    },
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

impl Standing {
    /// Why nobody answers, in a sentence.
    #[must_use]
    pub const fn notice(self) -> Option<&'static str> {
        match self {
            Self::Answers => None,
            Self::NoCode => Some("This bot has no code yet: nobody answers until it is deployed."),
            Self::Blocked => Some("This bot is stopped: nobody answers until it is started again."),
        }
    }
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
pub fn shown(app: &App, id_or_handle: &str) -> Result<Shown> {
    let found = app.store().read(|conn| read(conn, id_or_handle))?;
    let mut shown =
        found.ok_or_else(|| Error::not_found("Bot not found. Look at the address again."))?;
    shown.webhook_id = super::find(app, &shown.id)?;
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

/// The failures of a bot's code that those who talk with it are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Troubles {
    /// True if the bot can answer.
    pub standing: Standing,
    /// The number to ask for later ones with.
    pub last: u64,
    /// Those of this bot that are asked for, the oldest first.
    pub failures: Vec<Seen>,
}

const FIND_BY_CHAT: &str = "
    SELECT agents.id
    FROM bot_integrations
    JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.webhook_id = :webhook_id AND bot_integrations.enabled
      AND integrations.built_in AND agents.deleted_at IS NULL";

/// How the bot fares whose chat has this webhook: its failures after a number, or none without one. Failures
/// are kept in profile `dev` alone.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn troubles(app: &App, webhook_id: &str, after: Option<u64>) -> Result<Troubles> {
    let found = app.store().read(|conn| {
        let bot: Option<AgentId> = conn
            .prepare_cached(FIND_BY_CHAT)?
            .query_row(named_params! {":webhook_id": webhook_id}, |row| row.get(0))
            .optional()?;
        match bot {
            Some(bot) => read(conn, bot.as_str()),
            None => Ok(None),
        }
    })?;
    let bot = found.ok_or_else(|| Error::not_found("There is no such chat"))?;
    let seen = app.failures();
    let failures = after.map_or_else(Vec::new, |after| seen.after(&bot.id, after));
    let last = failures.last().map(|seen| seen.number).or(after);
    Ok(Troubles {
        standing: bot.standing,
        last: last.unwrap_or_else(|| seen.last()),
        failures,
    })
}

/// The bot with this id in the workspace of the call, with its chat switched on if it was never off, and the
/// id of the webhook that the chat's API is at.
///
/// # Errors
/// Those of [`find`] and [`webchat::ensure`].
pub async fn with_chat(call: &Call, id: AgentId) -> Result<(Bot, String)> {
    let bot = find(call, id).await?;
    let webhook = super::ensure(call, &bot.id).await?;
    Ok((bot, webhook))
}

/// Switches the chat of a bot on for whoever may do everything here.
///
/// # Errors
/// `NotFound`, or those of [`webchat::ensure_for`].
pub async fn switch_chat_on(app: &App, id_or_handle: &str) -> Result<()> {
    let shown = shown(app, id_or_handle)?;
    let agent = app
        .store()
        .read(|conn| agents::find_by_id(conn, &shown.id))?;
    super::ensure_for(app, Actor::Operator, &agent).await?;
    Ok(())
}
