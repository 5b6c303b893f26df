//! What a key is for and whom it speaks for.

use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        Error, Result,
        ids::{AccountId, AgentId, IntegrationId, WorkspaceId},
    },
};

text_enum! {
    /// What a key is for.
    pub enum KeyKind {
        /// Botpress personal access token: an account's, for every workspace it is a member of.
        BotpressPat = "botpress_pat",
        /// Botpress bot token: an agent's.
        BotpressBot = "botpress_bot",
        /// Botpress integration token: that of one version of an integration, made with it.
        BotpressIntegration = "botpress_integration",
        /// Ada platform API key: an agent's; any number at a time.
        Ada = "ada",
        /// Ada End Users API v1 key: an agent's; exactly one valid at a time (ada.md §1.1).
        AdaEndUsers = "ada_end_users",
        /// Access token of an installation of an Ada platform integration: the installing agent's,
        /// within the scopes that were granted. Made by the install flow alone.
        AdaInstallation = "ada_installation",
        /// Cohere API key: a workspace's.
        Cohere = "cohere",
        /// Aloochat API key: a workspace's.
        Aloochat = "aloochat",
        /// The key of this server's console: the operator's.
        Operator = "operator",
    }
}

impl KeyKind {
    /// What a new key of this kind begins with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::BotpressPat => "bp_pat_",
            Self::BotpressBot => "bp_bot_",
            Self::BotpressIntegration => "bp_int_",
            Self::Ada => "ada_",
            Self::AdaEndUsers => "ada_eu_",
            Self::AdaInstallation => "ada_at_",
            Self::Cohere => "co_",
            Self::Aloochat => "aloo_",
            Self::Operator => "plop_",
        }
    }
}

/// Whom a key speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A person, in every workspace they are a member of.
    Account(AccountId),
    /// A workspace.
    Workspace(WorkspaceId),
    /// An agent of a workspace.
    Agent(WorkspaceId, AgentId),
    /// An integration of a workspace.
    Integration(WorkspaceId, IntegrationId),
    /// Whoever runs the server.
    Operator,
}

impl Owner {
    /// The one tenant that the key belongs to, if it belongs to one.
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

/// Keys of each kind belong to owners of one sort.
pub(super) fn check_owner(kind: KeyKind, owner: &Owner) -> Result<()> {
    let (fits, needs) = match kind {
        KeyKind::BotpressPat => (matches!(owner, Owner::Account(_)), "an account"),
        KeyKind::BotpressBot | KeyKind::Ada | KeyKind::AdaEndUsers => {
            (matches!(owner, Owner::Agent(..)), "an agent")
        }
        KeyKind::BotpressIntegration => (matches!(owner, Owner::Integration(..)), "an integration"),
        KeyKind::AdaInstallation => (false, "an installation, whose integration is given it"),
        KeyKind::Cohere | KeyKind::Aloochat => {
            (matches!(owner, Owner::Workspace(_)), "a workspace")
        }
        KeyKind::Operator => (matches!(owner, Owner::Operator), "the operator"),
    };
    if fits {
        Ok(())
    } else {
        Err(Error::invalid(format!("a {kind} key belongs to {needs}")))
    }
}
