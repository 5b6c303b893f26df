//! The first start: creates a workspace, an account, an agent, and one key for each API.

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    accounts,
    agents::{self, Agent, NewAgent},
    api_keys::{self, KeyKind, KeyOwner},
    app::App,
    audit::Actor,
    members::{self, Role},
    workspaces::{self, Workspace},
    write_tx::WriteTx,
};
use crate::kernel::{
    Error, Kind, Result, Secret,
    ids::{AgentId, WorkspaceId},
};

/// Rows that the first start creates, and fixed values for its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Id of the first workspace. With the default value, the Botpress CLI does not require that the workspace has a
    /// handle (botpress.md §3).
    pub workspace_id: WorkspaceId,
    /// E-mail address of the first account.
    pub account_email: String,
    /// Id of the first agent; absent: a random UUID.
    pub agent_id: Option<AgentId>,
    /// Handle of the first agent.
    pub agent_handle: String,
    /// Fixed Botpress personal access token.
    pub botpress_pat: Option<Secret>,
    /// Fixed Ada platform API key.
    pub ada_key: Option<Secret>,
    /// Fixed Ada End Users API v1 key.
    pub ada_end_users_key: Option<Secret>,
    /// Fixed Cohere API key.
    pub cohere_key: Option<Secret>,
    /// Fixed Aloochat API key.
    pub aloochat_key: Option<Secret>,
    /// Fixed key of this server's console.
    pub operator_key: Option<Secret>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workspace_id: "11111111-1111-1111-aaaa-111111111111".into(),
            account_email: "owner@example.localhost".to_owned(),
            agent_id: None,
            agent_handle: "example".to_owned(),
            botpress_pat: None,
            ada_key: None,
            ada_end_users_key: None,
            cohere_key: None,
            aloochat_key: None,
            operator_key: None,
        }
    }
}

/// Kinds of keys that the first start creates.
const FIRST_KEY_KINDS: [KeyKind; 6] = [
    KeyKind::Aloochat,
    KeyKind::Ada,
    KeyKind::AdaEndUsers,
    KeyKind::BotpressPat,
    KeyKind::Cohere,
    KeyKind::Operator,
];

impl Settings {
    /// Returns the kinds of keys that have a fixed value.
    #[must_use]
    pub fn fixed_keys(&self) -> Vec<KeyKind> {
        let mut kinds = FIRST_KEY_KINDS.to_vec();
        kinds.retain(|kind| self.fixed_key(*kind).is_some());
        kinds
    }

    const fn fixed_key(&self, kind: KeyKind) -> Option<&Secret> {
        match kind {
            KeyKind::BotpressPat => self.botpress_pat.as_ref(),
            KeyKind::Ada => self.ada_key.as_ref(),
            KeyKind::AdaEndUsers => self.ada_end_users_key.as_ref(),
            KeyKind::Cohere => self.cohere_key.as_ref(),
            KeyKind::Aloochat => self.aloochat_key.as_ref(),
            KeyKind::Operator => self.operator_key.as_ref(),
            KeyKind::AdaInstallation
            | KeyKind::BotpressBot
            | KeyKind::BotpressIntegration
            | KeyKind::BotpressBotKey
            | KeyKind::BotpressIntegrationKey => None,
        }
    }
}

/// Rows that a start found or created.
#[derive(Debug)]
pub struct StartResult {
    /// First workspace.
    pub workspace: Workspace,
    /// First agent; none if all agents of the workspace are deleted.
    pub agent: Option<Agent>,
    /// Keys that this start created, with their values; empty at a later start.
    pub new_keys: Vec<(KeyKind, Secret)>,
}

/// Creates the first rows in an empty database. In any other database, only ensures that the fixed keys exist.
///
/// # Errors
/// `Invalid` for invalid settings, and errors of the store; nothing is written then.
pub async fn start(app: &App, settings: &Settings) -> Result<StartResult> {
    let settings = settings.clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        let workspaces = workspaces::list(tx.conn)?;
        match workspaces
            .iter()
            .position(|workspace| workspace.id == settings.workspace_id)
            .or(if workspaces.is_empty() { None } else { Some(0) })
        {
            None => first_start(tx, &settings),
            Some(index) => later_start(tx, &settings, workspaces[index].clone()),
        }
    })
    .await
}

fn first_start(tx: &WriteTx<'_>, settings: &Settings) -> Result<StartResult> {
    let workspace = workspaces::create(tx, settings.workspace_id.clone(), "My workspace")?;
    // The account is still there if all workspaces were deleted.
    let account = match accounts::find_by_email(tx.conn, &settings.account_email) {
        Err(error) if error.kind() == Kind::NotFound => {
            accounts::create(tx, &settings.account_email)?
        }
        found => found?,
    };
    members::add(tx, &workspace.id, &account.id, Role::Owner)?;
    let agent = agents::create(
        tx,
        &workspace.id,
        NewAgent {
            id: settings.agent_id.clone().unwrap_or_else(AgentId::new_uuid),
            handle: settings.agent_handle.clone(),
            name: settings.agent_handle.clone(),
        },
    )?;
    let mut new_keys = Vec::new();
    for kind in FIRST_KEY_KINDS {
        let owner = choose_owner(kind, &workspace, Some(&agent), || {
            Ok(KeyOwner::Account(account.id.clone()))
        })?;
        match settings.fixed_key(kind) {
            Some(fixed) => api_keys::ensure_fixed(tx, kind, &owner, "fixed", fixed)?,
            None => {
                let (_, value) = api_keys::create(tx, kind, &owner, "first")?;
                new_keys.push((kind, value));
            }
        }
    }
    Ok(StartResult {
        workspace,
        agent: Some(agent),
        new_keys,
    })
}

fn later_start(tx: &WriteTx<'_>, settings: &Settings, workspace: Workspace) -> Result<StartResult> {
    let agents = agents::list(tx.conn, &workspace.id)?;
    let agent = agents
        .iter()
        .find(|agent| agent.handle == settings.agent_handle)
        .or(agents.first());
    for kind in FIRST_KEY_KINDS {
        let Some(fixed) = settings.fixed_key(kind) else {
            continue;
        };
        // A member who may delete agents must not be able to prevent the start of the server.
        if agent.is_none() && belongs_to_agent(kind) {
            warn!(%kind, "the fixed key is not created: the workspace has no agent");
            continue;
        }
        let owner = choose_owner(kind, &workspace, agent, || {
            let account = accounts::find_oldest(tx.conn)?;
            let account = account.ok_or_else(|| Error::not_found("there is no account"))?;
            Ok(KeyOwner::Account(account.id))
        })?;
        api_keys::ensure_fixed(tx, kind, &owner, "fixed", fixed)?;
    }
    Ok(StartResult {
        agent: agent.cloned(),
        workspace,
        new_keys: Vec::new(),
    })
}

const fn belongs_to_agent(kind: KeyKind) -> bool {
    match kind {
        KeyKind::Ada
        | KeyKind::AdaEndUsers
        | KeyKind::AdaInstallation
        | KeyKind::BotpressBot
        | KeyKind::BotpressIntegration
        | KeyKind::BotpressBotKey
        | KeyKind::BotpressIntegrationKey => true,
        KeyKind::BotpressPat | KeyKind::Operator | KeyKind::Cohere | KeyKind::Aloochat => false,
    }
}

fn choose_owner(
    kind: KeyKind,
    workspace: &Workspace,
    agent: Option<&Agent>,
    account: impl FnOnce() -> Result<KeyOwner>,
) -> Result<KeyOwner> {
    match kind {
        KeyKind::BotpressPat => account(),
        KeyKind::Operator => Ok(KeyOwner::Operator),
        KeyKind::Cohere | KeyKind::Aloochat => Ok(KeyOwner::Workspace(workspace.id.clone())),
        KeyKind::Ada
        | KeyKind::AdaEndUsers
        | KeyKind::AdaInstallation
        | KeyKind::BotpressBot
        | KeyKind::BotpressIntegration
        | KeyKind::BotpressBotKey
        | KeyKind::BotpressIntegrationKey => {
            let agent = agent.ok_or_else(|| {
                Error::not_found(format!("the workspace {} has no agent", workspace.id))
            })?;
            Ok(KeyOwner::Agent(workspace.id.clone(), agent.id.clone()))
        }
    }
}
