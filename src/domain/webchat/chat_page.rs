//! The chat page of a bot, which uses the built-in integration `chat`: public facts about the bot, its recent
//! failures, and the installation of the chat.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::{
        App,
        bots::{
            callable::BOT_IS_CALLABLE,
            manage::{Bot, find},
            protocol::CodeFailure,
        },
        tenancy::{agents, audit::Actor, request_auth::RequestContext},
    },
    kernel::{Error, Result, ids::AgentId},
};

/// Public facts about a bot, for anyone with the address of its chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicBot {
    /// Id of the bot.
    pub id: AgentId,
    /// Name of the bot.
    pub name: String,
    /// Ability to answer.
    pub availability: BotAvailability,
    /// Webhook id of the chat, the last part of its API's address; `None` if the bot has no enabled chat.
    pub webhook_id: Option<String>,
}

/// Ability of a bot to answer messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BotAvailability {
    /// It has code or a URL that receives messages.
    Available,
    /// It has neither code nor a URL.
    NoCode,
    /// It is stopped.
    Blocked,
}

impl BotAvailability {
    /// Returns a sentence that says why the bot does not answer.
    #[must_use]
    pub const fn notice(self) -> Option<&'static str> {
        match self {
            Self::Available => None,
            Self::NoCode => Some("This bot has no code yet: nobody answers until it is deployed."),
            Self::Blocked => Some("This bot is stopped: nobody answers until it is started again."),
        }
    }
}

static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    SELECT agents.id, agents.name, coalesce(bots.blocked, 0) AS blocked,
           {BOT_IS_CALLABLE} AS callable
    FROM agents LEFT JOIN bots ON bots.agent_seq = agents.seq
    WHERE (agents.id = :key OR agents.handle = :key) AND agents.deleted_at IS NULL
    ORDER BY agents.id = :key DESC LIMIT 1"
    )
});

/// Returns the public facts of the bot with this id or handle, in any workspace. The caller is not
/// authenticated.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_public_bot(app: &App, id_or_handle: &str) -> Result<PublicBot> {
    let found = app.store().read(|conn| read(conn, id_or_handle))?;
    let mut bot =
        found.ok_or_else(|| Error::not_found("Bot not found. Look at the address again."))?;
    bot.webhook_id = super::find_webhook(app, &bot.id)?;
    Ok(bot)
}

fn read(conn: &Connection, key: &str) -> Result<Option<PublicBot>> {
    let found = conn
        .prepare_cached(&FIND)?
        .query_row(named_params! {":key": key}, |row| {
            let (blocked, callable): (bool, bool) = (row.get("blocked")?, row.get("callable")?);
            Ok(PublicBot {
                id: row.get("id")?,
                name: row.get("name")?,
                availability: match (blocked, callable) {
                    (true, _) => BotAvailability::Blocked,
                    (false, true) => BotAvailability::Available,
                    (false, false) => BotAvailability::NoCode,
                },
                webhook_id: None,
            })
        });
    Ok(found.optional()?)
}

/// Recent failures of a bot's code, for the users of its chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatFailures {
    /// Ability of the bot to answer.
    pub availability: BotAvailability,
    /// Sequence number for the next request: it returns later failures.
    pub last: u64,
    /// Failures after the given number, oldest first.
    pub failures: Vec<CodeFailure>,
}

const FIND_BY_CHAT: &str = "
    SELECT agents.id
    FROM bot_integrations
    JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.webhook_id = :webhook_id AND bot_integrations.enabled
      AND integrations.built_in AND agents.deleted_at IS NULL";

/// Returns the failures after a sequence number of the bot whose chat has this webhook; none without a number.
/// Failures are kept in profile `dev` only.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn list_failures(app: &App, webhook_id: &str, after: Option<u64>) -> Result<ChatFailures> {
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
    let seen = app.recent_failures();
    let failures = after.map_or_else(Vec::new, |after| seen.list_after(&bot.id, after));
    let last = failures.last().map(|seen| seen.number).or(after);
    Ok(ChatFailures {
        availability: bot.availability,
        last: last.unwrap_or_else(|| seen.last_number()),
        failures,
    })
}

/// Returns the bot with this id in the call's workspace, and the webhook id of its chat. Installs the chat if
/// the bot never had it.
///
/// # Errors
/// Errors of [`find`] and [`super::ensure_installed`].
pub async fn find_with_chat(call: &RequestContext, id: AgentId) -> Result<(Bot, String)> {
    let bot = find(call, id).await?;
    let webhook = super::ensure_installed(call, &bot.id).await?;
    Ok((bot, webhook))
}

/// Installs the chat of a bot on behalf of the server's operator.
///
/// # Errors
/// `NotFound`, or errors of [`super::ensure_installed_as`].
pub async fn install_chat(app: &App, id_or_handle: &str) -> Result<()> {
    let bot = find_public_bot(app, id_or_handle)?;
    let agent = app.store().read(|conn| agents::find_by_id(conn, &bot.id))?;
    super::ensure_installed_as(app, Actor::Operator, &agent).await?;
    Ok(())
}
