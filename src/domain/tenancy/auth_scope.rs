//! The scope in which a key is used, and the check that the key is valid there. A Botpress client names the workspace
//! or the bot beside its token (botpress.md §3).

use rusqlite::Connection;

use super::{
    acting_installation::{self, ActingInstallation},
    agents::{self, Agent},
    allowlist,
    api_keys::{KeyKind, KeyOwner, ValidKey},
    members::{self, Role},
    request_auth::{PrincipalAgent, unauthenticated_error},
};
use crate::kernel::{
    Error, Kind, Result, Rule, Violation,
    ids::{AccountId, WorkspaceId},
    secret::TokenHash,
    violation::{Location, PathSegment},
};

/// Scope in which a key is used.
#[derive(Debug, Clone, Copy)]
pub enum AuthScope<'a> {
    /// The scope that the key itself belongs to.
    Own,
    /// A workspace that the owner of the key is a member of.
    Workspace(&'a str),
    /// A bot: the key acts as the bot, or as an integration that is installed in it.
    Bot {
        /// Id of the bot.
        bot: &'a str,
        /// Id of the integration.
        integration: Option<&'a str>,
    },
}

/// A [`AuthScope`] that owns its strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain) enum OwnedAuthScope {
    Own,
    Workspace(String),
    Bot(String, Option<String>),
}

impl OwnedAuthScope {
    pub(in crate::domain) fn as_scope(&self) -> AuthScope<'_> {
        match self {
            Self::Own => AuthScope::Own,
            Self::Workspace(id) => AuthScope::Workspace(id),
            Self::Bot(bot, integration) => AuthScope::Bot {
                bot,
                integration: integration.as_deref(),
            },
        }
    }
}

/// Result of the resolution of a key in a scope.
pub(in crate::domain) struct ResolvedScope {
    pub(in crate::domain) workspace: WorkspaceId,
    pub(in crate::domain) agent: Option<PrincipalAgent>,
    pub(in crate::domain) role: Option<Role>,
    pub(in crate::domain) installation: Option<ActingInstallation>,
}

impl AuthScope<'_> {
    pub(in crate::domain) fn to_owned_scope(self) -> OwnedAuthScope {
        match self {
            Self::Own => OwnedAuthScope::Own,
            Self::Workspace(id) => OwnedAuthScope::Workspace(id.to_owned()),
            Self::Bot { bot, integration } => {
                OwnedAuthScope::Bot(bot.to_owned(), integration.map(str::to_owned))
            }
        }
    }

    /// Returns the hash that identifies a token in this scope in the cache.
    pub(in crate::domain) fn hash_token(&self, token: &str) -> TokenHash {
        // No token contains a line break, so different scopes never give the same text.
        match self {
            Self::Own => TokenHash::of(token),
            Self::Workspace(id) => TokenHash::of(&format!("{token}\n{id}")),
            Self::Bot { bot, integration } => TokenHash::of(&format!(
                "{token}\n{bot}\n{}",
                integration.unwrap_or_default()
            )),
        }
    }

    /// Resolves the tenant, agent, role and installation that a key has in this scope.
    pub(in crate::domain) fn resolve(
        &self,
        conn: &Connection,
        principal: &ValidKey,
    ) -> Result<ResolvedScope> {
        match self {
            Self::Own => resolve_own(conn, &principal.owner),
            Self::Workspace(id) => match &principal.owner {
                KeyOwner::Account(account) => {
                    resolve_in_workspace(conn, account, &WorkspaceId::from(*id))
                }
                _ => Err(forbidden_error(
                    "Managing a workspace needs a personal access token",
                )),
            },
            Self::Bot { bot, integration } => {
                // An API key of an integration needs no header that names the integration.
                let own = match (principal.kind, &principal.owner) {
                    (KeyKind::BotpressIntegrationKey, KeyOwner::Integration(_, id)) => {
                        Some(id.as_str())
                    }
                    _ => None,
                };
                resolve_in_bot(conn, &principal.owner, bot, integration.or(own))
            }
        }
    }
}

fn resolve_own(conn: &Connection, owner: &KeyOwner) -> Result<ResolvedScope> {
    let workspace = owner
        .workspace()
        .cloned()
        .ok_or_else(unauthenticated_error)?;
    let agent = match owner.agent() {
        Some(id) => Some(agents::find(conn, &workspace, id.as_str())?.into()),
        None => None,
    };
    Ok(ResolvedScope {
        workspace,
        agent,
        role: None,
        installation: None,
    })
}

fn resolve_in_workspace(
    conn: &Connection,
    account: &AccountId,
    workspace: &WorkspaceId,
) -> Result<ResolvedScope> {
    let role = members::find_role(conn, workspace, account)?;
    let role = role.ok_or_else(|| {
        forbidden_error(format!(
            "Your account is not a member of the workspace {workspace}"
        ))
    })?;
    Ok(ResolvedScope {
        workspace: workspace.clone(),
        agent: None,
        role: Some(role),
        installation: None,
    })
}

fn resolve_in_bot(
    conn: &Connection,
    owner: &KeyOwner,
    bot: &str,
    integration: Option<&str>,
) -> Result<ResolvedScope> {
    // A missing bot and a bot of another workspace must give the same error.
    let foreign = || forbidden_error(format!("This token does not act for the bot {bot}"));
    let agent = match agents::find_by_id(conn, &bot.into()) {
        Ok(agent) => agent,
        Err(error) if error.kind() == Kind::NotFound => {
            let acting = resolve_in_deleted_bot(conn, owner, bot, integration)?;
            return acting.ok_or_else(foreign);
        }
        Err(error) => return Err(error),
    };
    let (role, integration) = match owner {
        KeyOwner::Agent(_, id) if *id == agent.id && integration.is_none() => (None, None),
        KeyOwner::Agent(_, id) if *id == agent.id => {
            return Err(forbidden_error(
                "A bot's token does not act for an integration",
            ));
        }
        KeyOwner::Integration(_, id) => match integration {
            None => return Err(missing_integration_error()),
            Some(named) if named == id.as_str() => (None, Some(named)),
            Some(named) => {
                return Err(forbidden_error(format!(
                    "This token does not act for the integration {named}"
                )));
            }
        },
        KeyOwner::Account(account) => {
            let role = members::find_role(conn, &agent.workspace_id, account)?;
            let role = role.ok_or_else(foreign)?;
            // wire: the allowlist of a bot keeps members out (botpress-today.md §8)
            if !allowlist::allows(conn, agent.seq, account)? {
                return Err(forbidden_error(format!(
                    "The allowlist of the bot {bot} does not name you"
                )));
            }
            (Some(role), integration)
        }
        KeyOwner::Agent(..) | KeyOwner::Workspace(_) | KeyOwner::Operator => return Err(foreign()),
    };
    let installation = match integration {
        None => None,
        Some(id) => Some(find_installation(conn, owner, &agent, id)?),
    };
    Ok(ResolvedScope {
        workspace: agent.workspace_id.clone(),
        agent: Some(agent.into()),
        role,
        installation,
    })
}

/// Resolves an integration in a deleted bot whose `unregister` is still pending; `None` for every other caller.
fn resolve_in_deleted_bot(
    conn: &Connection,
    owner: &KeyOwner,
    bot: &str,
    integration: Option<&str>,
) -> Result<Option<ResolvedScope>> {
    let Some(agent) = agents::find_deleted(conn, &bot.into())? else {
        return Ok(None);
    };
    let (role, named) = match (owner, integration) {
        (KeyOwner::Integration(_, id), Some(named)) if named == id.as_str() => (None, named),
        (KeyOwner::Account(account), Some(named)) => {
            match members::find_role(conn, &agent.workspace_id, account)? {
                Some(role) => (Some(role), named),
                None => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    let installation = match find_installation(conn, owner, &agent, named) {
        Ok(installation) => installation,
        Err(error) if error.kind() == Kind::Forbidden => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(ResolvedScope {
        workspace: agent.workspace_id.clone(),
        agent: Some(agent.into()),
        role,
        installation: Some(installation),
    }))
}

/// Finds the installation of an integration in a bot, if the owner of the key may act as it: a person must also be a
/// member of the integration's workspace.
fn find_installation(
    conn: &Connection,
    owner: &KeyOwner,
    agent: &Agent,
    integration: &str,
) -> Result<ActingInstallation> {
    let refused = || {
        forbidden_error(format!(
            "The integration {integration} is not installed in the bot {}",
            agent.id
        ))
    };
    let found = acting_installation::find_acting(conn, agent.seq, &integration.into())?;
    let installation = found.ok_or_else(refused)?;
    if let KeyOwner::Account(account) = owner
        && members::find_role(conn, &installation.owner, account)?.is_none()
    {
        return Err(forbidden_error(format!(
            "The integration {integration} belongs to a workspace that you are not a member of"
        )));
    }
    Ok(installation)
}

impl From<Agent> for PrincipalAgent {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id,
            handle: agent.handle,
            seq: agent.seq,
        }
    }
}

fn forbidden_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Forbidden, message)
}

fn missing_integration_error() -> Error {
    Violation {
        location: Location::Header,
        path: vec![PathSegment::Key("x-integration-id".to_owned())],
        rule: Rule::Required,
    }
    .into()
}
