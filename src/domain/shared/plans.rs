//! Plans: what a workspace may have, and what it costs. The figures are settings.

use serde::{Deserialize, Serialize};

use super::sql::text_enum;

text_enum! {
    /// What a workspace pays for (botpress.md §1.2).
    pub enum Plan {
        /// Free.
        Community = "community",
        /// Paid.
        Team = "team",
        /// Paid, with the largest figures.
        Enterprise = "enterprise",
    }
}

impl Plan {
    /// Whether it is paid for.
    #[must_use]
    pub const fn is_premium(self) -> bool {
        match self {
            Self::Community => false,
            Self::Team | Self::Enterprise => true,
        }
    }
}

/// What plans allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The plan that a workspace gets that changes to `premium`.
    pub premium: Plan,
    /// The most workspaces that an account can own, whatever their plans.
    pub max_workspaces: u64,
    /// The most personal access tokens that an account can have.
    pub max_tokens: u64,
    /// What the free plan allows.
    pub community: Figures,
    /// What the plan `team` allows.
    pub team: Figures,
    /// What the plan `enterprise` allows.
    pub enterprise: Figures,
}

/// What one plan allows a workspace, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Figures {
    /// The most agents.
    pub bots: u64,
    /// The most versions of integrations that it owns.
    pub integrations: u64,
    /// The most members.
    pub members: u64,
    /// The most bytes of files.
    pub storage_bytes: u64,
    /// The most calls of its bots' code in a month.
    pub invocation_calls: u64,
    /// How long a call of a bot's code may take, in seconds.
    pub invocation_timeout_seconds: u64,
    /// How many calls a bot may make in a second; shown, while `limits.botpress_chat` is what is
    /// enforced.
    pub bot_calls_per_second: u64,
    /// The price of a month, in cents.
    pub monthly_cents: u64,
    /// Messages of users in a month that the price includes.
    pub included_messages: u64,
    /// The price of a thousand further messages of users, in cents.
    pub cents_per_thousand_messages: u64,
}

impl Default for Figures {
    /// Those of the free plan: generous, since the machine is one's own.
    fn default() -> Self {
        Self {
            bots: 10_000,
            integrations: 10_000,
            members: 1_000,
            storage_bytes: 10 << 30,
            invocation_calls: 100_000_000,
            invocation_timeout_seconds: 60,
            bot_calls_per_second: 1_000,
            monthly_cents: 0,
            included_messages: 1_000_000,
            cents_per_thousand_messages: 0,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            premium: Plan::Team,
            max_workspaces: 1_000,
            max_tokens: 1_000,
            community: Figures::default(),
            team: Figures {
                bots: 100_000,
                integrations: 100_000,
                members: 10_000,
                storage_bytes: 100 << 30,
                invocation_calls: 1_000_000_000,
                monthly_cents: 5_000,
                cents_per_thousand_messages: 100,
                ..Figures::default()
            },
            enterprise: Figures {
                bots: 1_000_000,
                integrations: 1_000_000,
                members: 100_000,
                storage_bytes: 1 << 40,
                invocation_calls: 10_000_000_000,
                monthly_cents: 50_000,
                included_messages: 10_000_000,
                cents_per_thousand_messages: 50,
                ..Figures::default()
            },
        }
    }
}

impl Settings {
    /// The figures of a plan.
    #[must_use]
    pub const fn of(&self, plan: Plan) -> &Figures {
        match plan {
            Plan::Community => &self.community,
            Plan::Team => &self.team,
            Plan::Enterprise => &self.enterprise,
        }
    }
}
