//! Quotas: usage of a workspace, and the limits of its plan.
//!
//! Agents, integrations, members and files are counted in their tables; for a past month, the count includes the
//! present rows that existed then. Calls of a bot's code and messages of users are counted by month when they happen,
//! and the counters are never reduced. This server does not have some of the types: see [`UsageType`].

mod activity;
mod ai_spend;
mod counts;
mod enforce;
mod report;

pub use self::{
    activity::{
        BotUsage, Completion, PeriodFilter, list_activity, list_by_bot, list_completions,
        list_multiple,
    },
    ai_spend::{count_model_call, require_ai_budget, set_ai_spend_limit},
    counts::count_user_messages,
    enforce::{count_invocation, require, require_bot, require_in_job},
    report::{
        Quota, Usage, get_quota, get_usage, list_history, list_quotas, list_workspace_usages,
    },
};
use crate::domain::shared::{plans::PlanTerms, sql::text_enum};

text_enum! {
    /// Type of usage (botpress.md §1.2).
    pub enum UsageType {
        /// Maximum time of a call of a bot's code, in seconds. Has no usage.
        InvocationTimeout = "invocation_timeout",
        /// Calls of a bot's code in the month.
        InvocationCalls = "invocation_calls",
        /// Bytes of files.
        StorageCount = "storage_count",
        /// Agents.
        BotCount = "bot_count",
        /// Vectors of knowledge bases. This server has none.
        KnowledgebaseVectorCount = "knowledgebase_vector_count",
        /// Maximum number of requests of a bot in a second. Has no usage.
        BotRatelimit = "bot_ratelimit",
        /// Rows of tables, each as often as the factor of its table says.
        TableRowCount = "table_row_count",
        /// Members.
        WorkspaceMemberCount = "workspace_member_count",
        /// Versions of integrations.
        IntegrationsOwnedCount = "integrations_owned_count",
        /// Calls of a model.
        CognitiveCalls = "cognitive_calls",
        /// Credit for models. This server has none.
        ModelCredit = "model_credit",
        /// Bytes of vectors of knowledge bases. This server has none.
        KnowledgebaseVectorStorage = "knowledgebase_vector_storage",
        /// Maximum number of requests of a workspace in a second. Has no usage.
        WorkspaceRatelimit = "workspace_ratelimit",
        /// Cost of AI in the month, in whole dollars; its quota is what the workspace has set.
        AiSpend = "ai_spend",
        /// Cost of calls of OpenAI. This server has none.
        OpenaiSpend = "openai_spend",
        /// Cost of web searches. This server has none.
        BingSearchSpend = "bing_search_spend",
        /// Bots that are always alive. This server has none.
        AlwaysAlive = "always_alive",
        /// Indexed files. This server has none.
        IndexedFileCount = "indexed_file_count",
        /// Maximum size of a file, in bytes. Has no usage.
        FileMaxSizeBytes = "file_max_size_bytes",
    }
}

impl UsageType {
    /// True if each bot has its own usage of this type.
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
            | Self::ModelCredit
            | Self::KnowledgebaseVectorStorage
            | Self::AiSpend
            | Self::OpenaiSpend
            | Self::BingSearchSpend
            | Self::AlwaysAlive
            | Self::IndexedFileCount
            | Self::FileMaxSizeBytes => true,
            Self::BotCount
            | Self::WorkspaceMemberCount
            | Self::IntegrationsOwnedCount
            | Self::WorkspaceRatelimit => false,
        }
    }

    /// Returns the limit of a plan for this type.
    const fn limit_in(self, figures: &PlanTerms) -> u64 {
        match self {
            Self::InvocationTimeout => figures.invocation_timeout_seconds,
            Self::InvocationCalls => figures.invocation_calls,
            Self::StorageCount => figures.storage_bytes,
            Self::BotCount => figures.bots,
            Self::BotRatelimit => figures.bot_calls_per_second,
            Self::WorkspaceMemberCount => figures.members,
            Self::IntegrationsOwnedCount => figures.integrations,
            Self::TableRowCount => figures.table_rows,
            Self::KnowledgebaseVectorCount
            | Self::CognitiveCalls
            | Self::ModelCredit
            | Self::KnowledgebaseVectorStorage
            | Self::WorkspaceRatelimit
            | Self::AiSpend
            | Self::OpenaiSpend
            | Self::BingSearchSpend
            | Self::AlwaysAlive
            | Self::IndexedFileCount
            | Self::FileMaxSizeBytes => 0,
        }
    }
}
