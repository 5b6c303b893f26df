//! Links to the contents of a version, which need no login.

use super::{VersionContents, load_contents};
use crate::{
    domain::{
        App,
        bots::manage,
        tenancy::{
            agents,
            api_keys::{self, KeyOwner},
            billing::{Link, invalid_link},
            members,
            request_auth::RequestContext,
        },
    },
    kernel::{Error, Kind, Result, ids::AgentId},
};

/// Returns the key of a link to the contents of a version. It works while the caller's token is valid and its owner is
/// a member of the bot's workspace.
///
/// # Errors
/// `NotFound` for an unknown bot or version, and errors of the store.
pub fn create_link_key(call: &RequestContext, bot: &AgentId, version: &str) -> Result<String> {
    let app = call.app();
    app.store().read(|conn| {
        let agent = manage::find_agent(conn, call.workspace(), bot)?;
        load_contents(conn, app.sealer(), agent.seq, version).map(drop)
    })?;
    let creator = (&call.principal().key_id, bot.as_str());
    Ok(Link::BotVersion.create_key(app.sealer(), version, creator))
}

/// Returns the contents that a link leads to.
///
/// # Errors
/// `NotFound` for an invalid key, an unknown bot or version, or if the creator of the link no longer has access to the
/// bot; and errors of the store.
pub fn open_link(app: &App, bot: &AgentId, version: &str, key: &str) -> Result<VersionContents> {
    let (key_id, named) = Link::BotVersion.open_key(app.sealer(), version, key)?;
    if named != bot.as_str() {
        return Err(invalid_link());
    }
    app.store().read(|conn| {
        let agent = agents::find_by_id(conn, bot).map_err(to_invalid_link)?;
        let creator = api_keys::find_valid_by_id(conn, &key_id)?;
        let Some(KeyOwner::Account(account)) = creator.map(|creator| creator.owner) else {
            return Err(invalid_link());
        };
        if members::find_role(conn, &agent.workspace_id, &account)?.is_none() {
            return Err(invalid_link());
        }
        load_contents(conn, app.sealer(), agent.seq, version)
    })
}

fn to_invalid_link(error: Error) -> Error {
    match error.kind() {
        Kind::NotFound => invalid_link(),
        _ => error,
    }
}
