//! Quotas: what a workspace has used of what its plan allows, from real counts.
//!
//! What stands (agents, integrations, members, files) is counted as it stands; for a month that is
//! past, that is what stands now and stood then. What happens (calls of a bot's code, messages of
//! users) is counted as it happens, by month, and stays counted. Of some types this server has
//! nothing: see [`UsageType`].

mod counts;
mod enforce;
mod show;

pub use self::{
    counts::user_messages,
    enforce::{invoked, require, require_bot},
    show::{Quota, Usage, history, of_bot_or_workspace, of_workspace, quota, quotas},
};
use crate::domain::shared::{plans::Figures, sql::text_enum};

text_enum! {
    /// What is counted (the seed's list).
    pub enum UsageType {
        /// How long a call of a bot's code may take, in seconds: nothing adds up to it.
        InvocationTimeout = "invocation_timeout",
        /// Calls of a bot's code in the month.
        InvocationCalls = "invocation_calls",
        /// Bytes of files.
        StorageCount = "storage_count",
        /// Agents.
        BotCount = "bot_count",
        /// Vectors of knowledge bases, which this server has none of.
        KnowledgebaseVectorCount = "knowledgebase_vector_count",
        /// How many calls a bot may make in a second: nothing adds up to it.
        BotRatelimit = "bot_ratelimit",
        /// Rows of tables, which this server has none of.
        TableRowCount = "table_row_count",
        /// Members.
        WorkspaceMemberCount = "workspace_member_count",
        /// Versions of integrations.
        IntegrationsOwnedCount = "integrations_owned_count",
        /// Calls of a model, which this server has none of.
        CognitiveCalls = "cognitive_calls",
        /// Credit for models, which this server has none of.
        ModelCredit = "model_credit",
    }
}

impl UsageType {
    /// Whether each bot has a usage of its own.
    #[must_use]
    pub const fn is_per_bot(self) -> bool {
        match self {
            Self::InvocationTimeout
            | Self::InvocationCalls
            | Self::StorageCount
            | Self::KnowledgebaseVectorCount
            | Self::BotRatelimit
            | Self::TableRowCount
            | Self::CognitiveCalls
            | Self::ModelCredit => true,
            Self::BotCount | Self::WorkspaceMemberCount | Self::IntegrationsOwnedCount => false,
        }
    }

    /// What a plan allows of it.
    const fn allowed_by(self, figures: &Figures) -> u64 {
        match self {
            Self::InvocationTimeout => figures.invocation_timeout_seconds,
            Self::InvocationCalls => figures.invocation_calls,
            Self::StorageCount => figures.storage_bytes,
            Self::BotCount => figures.bots,
            Self::BotRatelimit => figures.bot_calls_per_second,
            Self::WorkspaceMemberCount => figures.members,
            Self::IntegrationsOwnedCount => figures.integrations,
            Self::KnowledgebaseVectorCount
            | Self::TableRowCount
            | Self::CognitiveCalls
            | Self::ModelCredit => 0,
        }
    }
}
