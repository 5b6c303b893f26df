//! Installs the chat into a bot at the first request of a member.

use rusqlite::Connection;

use super::{NAME, built_in::ID};
use crate::{
    domain::{
        bots::{installations, integrations, manage},
        tenancy::{
            agents::{self, Agent},
            app::App,
            audit::{self, Actor, NewAuditRecord},
            members::Role,
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Error, Kind, Result, ids::AgentId},
    store::Sealer,
};

/// Makes sure that a bot of the call's workspace has the chat, and returns its webhook id.
///
/// # Errors
/// `NotFound` if the bot does not exist or the server has no chat; `Forbidden` if the bot's chat is disabled, or
/// if it is not installed yet and the role is below developer; `Conflict` if the bot has another integration
/// with this name; errors of the store.
pub async fn ensure_installed(call: &RequestContext, bot: &AgentId) -> Result<String> {
    let agent = call
        .app()
        .store()
        .read(|conn| agents::find(conn, call.workspace(), bot.as_str()))?;
    require_enabled(call.app())?;
    let seq = agent.seq;
    if let Some(known) = call
        .app()
        .store()
        .read(|conn| find_enabled_webhook(conn, seq))?
    {
        return Ok(known);
    }
    // A read may show the chat; only a role that can change the bot may install it.
    call.require_role(Role::Developer)?;
    let sealer = call.app().sealer().clone();
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let agent = agents::find(tx.conn, workspace, agent.id.as_str())?;
            install(tx, &sealer, &agent)
        })
        .await
}

/// Makes sure that any bot has the chat, for an actor that is not limited to a workspace.
///
/// # Errors
/// As [`ensure_installed`], without the check of a role.
pub async fn ensure_installed_as(app: &App, actor: Actor, agent: &Agent) -> Result<String> {
    require_enabled(app)?;
    let seq = agent.seq;
    if let Some(known) = app.store().read(|conn| find_enabled_webhook(conn, seq))? {
        return Ok(known);
    }
    let (sealer, agent) = (app.sealer().clone(), agent.clone());
    app.run_write_tx_as(actor, move |tx| install(tx, &sealer, &agent))
        .await
}

fn require_enabled(app: &App) -> Result<()> {
    match app.webchat_settings().enabled {
        true => Ok(()),
        false => Err(Error::not_found(
            "This server has no chat: webchat.enabled is false",
        )),
    }
}

fn install(tx: &WriteTx<'_>, sealer: &Sealer, agent: &Agent) -> Result<String> {
    if let Some(known) = find_enabled_webhook(tx.conn, agent.seq)? {
        return Ok(known);
    }
    manage::ensure_bot(tx, sealer, &agent.clone().into())?;
    let chat = integrations::find_usable(tx.conn, &agent.workspace_id, &ID.into())?;
    let chat = chat.ok_or_else(|| Error::not_found("This server has no chat yet"))?;
    let webhook = installations::ensure_built_in(tx, sealer, agent.seq, (chat.seq, NAME))?;
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(&agent.workspace_id),
            action: "bot.install",
            resource_id: agent.id.as_str(),
            resource_name: Some(&agent.name),
        },
    )?;
    Ok(webhook)
}

/// Returns the webhook id of the bot's chat; `None` if the chat can be installed.
fn find_enabled_webhook(conn: &Connection, seq: i64) -> Result<Option<String>> {
    let known = installations::find_built_in(conn, seq, NAME)?.filter(|known| !known.removed);
    match known {
        Some(known) if known.enabled => Ok(Some(known.webhook_id)),
        Some(_) => Err(Error::new(
            Kind::Forbidden,
            "The chat of the bot is turned off: its installation is disabled",
        )),
        None => match installations::list_enabled(conn, seq)? {
            others if others.iter().any(|one| one.name == NAME) => Err(Error::new(
                Kind::Conflict,
                format!("The bot has an integration of its own with the name {NAME}"),
            )),
            _ => Ok(None),
        },
    }
}

/// Returns the webhook id of a bot's chat if it is enabled. The caller is not authenticated.
///
/// # Errors
/// Errors of the store.
pub fn find_webhook(app: &App, bot: &AgentId) -> Result<Option<String>> {
    if !app.webchat_settings().enabled {
        return Ok(None);
    }
    app.store().read(|conn| {
        let agent = match agents::find_by_id(conn, bot) {
            Ok(agent) => agent,
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let known = installations::find_built_in(conn, agent.seq, NAME)?;
        let known = known.filter(|known| known.enabled && !known.removed);
        Ok(known.map(|known| known.webhook_id))
    })
}
