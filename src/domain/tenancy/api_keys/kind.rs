//! Kinds and owners of keys.

use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        Error, Result,
        ids::{AccountId, AgentId, IntegrationId, WorkspaceId},
    },
};

text_enum! {
    /// Kind of a key: the API that it is for.
    pub enum KeyKind {
        /// Botpress personal access token: of an account, for every workspace of which it is a member.
        BotpressPat = "botpress_pat",
        /// Botpress bot token: of an agent.
        BotpressBot = "botpress_bot",
        /// Botpress integration token: of one version of an integration, created with it.
        BotpressIntegration = "botpress_integration",
        /// Botpress bot API key: of an agent, which may have several. Its developers create it.
        BotpressBotKey = "botpress_bak",
        /// Botpress integration API key: of one version of an integration, which may have several.
        BotpressIntegrationKey = "botpress_iak",
        /// Ada platform API key: of an agent, which may have several.
        Ada = "ada",
        /// Ada End Users API v1 key: of an agent, which has exactly one valid key (ada.md §1.1).
        AdaEndUsers = "ada_end_users",
        /// Access token of an installation of an Ada platform integration: of the installing agent, with the granted
        /// scopes. Only the install flow creates it.
        AdaInstallation = "ada_installation",
        /// Cohere API key: of a workspace.
        Cohere = "cohere",
        /// Aloochat API key: of a workspace.
        Aloochat = "aloochat",
        /// Key of this server's console: of the operator.
        Operator = "operator",
    }
}

impl KeyKind {
    /// Prefix of new keys of this kind.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::BotpressPat => "bp_pat_",
            Self::BotpressBot => "bp_bot_",
            Self::BotpressIntegration => "bp_int_",
            // wire: the text is not known, only that the ids begin with `bak` and `iak` (botpress-today.md §3)
            Self::BotpressBotKey => "bp_bak_",
            Self::BotpressIntegrationKey => "bp_iak_",
            Self::Ada => "ada_",
            Self::AdaEndUsers => "ada_eu_",
            Self::AdaInstallation => "ada_at_",
            Self::Cohere => "co_",
            Self::Aloochat => "aloo_",
            Self::Operator => "plop_",
        }
    }
}

/// Owner of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOwner {
    /// A person, in every workspace of which they are a member.
    Account(AccountId),
    /// A workspace.
    Workspace(WorkspaceId),
    /// An agent of a workspace.
    Agent(WorkspaceId, AgentId),
    /// An integration of a workspace.
    Integration(WorkspaceId, IntegrationId),
    /// The operator of the server.
    Operator,
}

impl KeyOwner {
    /// Returns the tenant that the key belongs to, if there is exactly one.
    #[must_use]
    pub const fn workspace(&self) -> Option<&WorkspaceId> {
        match self {
            Self::Workspace(workspace)
            | Self::Agent(workspace, _)
            | Self::Integration(workspace, _) => Some(workspace),
            Self::Account(_) | Self::Operator => None,
        }
    }

    pub(super) const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Account(account) => Some(account),
            _ => None,
        }
    }

    pub(in crate::domain) const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Agent(_, agent) => Some(agent),
            _ => None,
        }
    }

    pub(super) const fn integration(&self) -> Option<&IntegrationId> {
        match self {
            Self::Integration(_, integration) => Some(integration),
            _ => None,
        }
    }
}

/// Checks that keys of this kind can belong to this owner.
pub(super) fn check_owner(kind: KeyKind, owner: &KeyOwner) -> Result<()> {
    let (fits, needs) = match kind {
        KeyKind::BotpressPat => (matches!(owner, KeyOwner::Account(_)), "an account"),
        KeyKind::BotpressBot | KeyKind::BotpressBotKey | KeyKind::Ada | KeyKind::AdaEndUsers => {
            (matches!(owner, KeyOwner::Agent(..)), "an agent")
        }
        KeyKind::BotpressIntegration | KeyKind::BotpressIntegrationKey => {
            (matches!(owner, KeyOwner::Integration(..)), "an integration")
        }
        KeyKind::AdaInstallation => (
            false,
            "an installation, and only the install flow creates it",
        ),
        KeyKind::Cohere | KeyKind::Aloochat => {
            (matches!(owner, KeyOwner::Workspace(_)), "a workspace")
        }
        KeyKind::Operator => (matches!(owner, KeyOwner::Operator), "the operator"),
    };
    if fits {
        Ok(())
    } else {
        Err(Error::invalid(format!("a {kind} key belongs to {needs}")))
    }
}
