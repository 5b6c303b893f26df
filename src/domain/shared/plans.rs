//! Plans: limits and prices of workspaces. All figures are settings.

use serde::{Deserialize, Serialize};

use super::sql::text_enum;

text_enum! {
    /// Plan of a workspace (botpress.md §1.2).
    pub enum Plan {
        /// Free.
        Community = "community",
        /// Paid.
        Team = "team",
        /// Paid, with the highest limits.
        Enterprise = "enterprise",
    }
}

impl Plan {
    /// True for a paid plan.
    #[must_use]
    pub const fn is_premium(self) -> bool {
        match self {
            Self::Community => false,
            Self::Team | Self::Enterprise => true,
        }
    }
}

/// Settings of the plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Plan of a workspace that upgrades to `premium`.
    pub premium: Plan,
    /// Maximum number of workspaces that an account can own, regardless of their plans.
    pub max_workspaces: u64,
    /// Maximum number of personal access tokens of an account.
    pub max_tokens: u64,
    /// Figures of the free plan.
    pub community: PlanTerms,
    /// Figures of the plan `team`.
    pub team: PlanTerms,
    /// Figures of the plan `enterprise`.
    pub enterprise: PlanTerms,
}

/// Limits and prices of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanTerms {
    /// Maximum number of agents.
    pub bots: u64,
    /// Maximum number of versions of integrations.
    pub integrations: u64,
    /// Maximum number of members.
    pub members: u64,
    /// Maximum number of bytes of files.
    pub storage_bytes: u64,
    /// Maximum number of rows of tables, each as often as the factor of its table says.
    pub table_rows: u64,
    /// Maximum number of calls of the bots' code in a month.
    pub invocation_calls: u64,
    /// Maximum time of a call of a bot's code, in seconds.
    pub invocation_timeout_seconds: u64,
    /// Number of requests of a bot in a second. Only shown: `limits.botpress_chat` is the limit that is enforced.
    pub bot_calls_per_second: u64,
    /// Monthly price, in cents.
    pub monthly_cents: u64,
    /// Number of user messages in a month that the price includes.
    pub included_messages: u64,
    /// Price of a thousand further user messages, in cents.
    pub cents_per_thousand_messages: u64,
}

impl Default for PlanTerms {
    /// Returns the figures of the free plan. They are generous, because users run the server on their own machine.
    fn default() -> Self {
        Self {
            bots: 10_000,
            integrations: 10_000,
            members: 1_000,
            storage_bytes: 10 << 30,
            table_rows: 10_000_000,
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
            community: PlanTerms::default(),
            team: PlanTerms {
                bots: 100_000,
                integrations: 100_000,
                members: 10_000,
                storage_bytes: 100 << 30,
                table_rows: 100_000_000,
                invocation_calls: 1_000_000_000,
                monthly_cents: 5_000,
                cents_per_thousand_messages: 100,
                ..PlanTerms::default()
            },
            enterprise: PlanTerms {
                bots: 1_000_000,
                integrations: 1_000_000,
                members: 100_000,
                storage_bytes: 1 << 40,
                table_rows: 1_000_000_000,
                invocation_calls: 10_000_000_000,
                monthly_cents: 50_000,
                included_messages: 10_000_000,
                cents_per_thousand_messages: 50,
                ..PlanTerms::default()
            },
        }
    }
}

impl Settings {
    /// Returns the figures of a plan.
    #[must_use]
    pub const fn terms_of(&self, plan: Plan) -> &PlanTerms {
        match plan {
            Plan::Community => &self.community,
            Plan::Team => &self.team,
            Plan::Enterprise => &self.enterprise,
        }
    }
}
