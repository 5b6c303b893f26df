//! DTOs of usages and quotas.

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    domain::tenancy::quotas,
    kernel::{Month, Result, Rule, Violation},
};

macro_rules! usage_types {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Type of usage.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
        #[oai(rename_all = "snake_case")]
        pub enum UsageType { $($(#[$doc])* $name,)+ }

        impl From<UsageType> for quotas::UsageType {
            fn from(kind: UsageType) -> Self {
                match kind { $(UsageType::$name => Self::$name,)+ }
            }
        }

        impl From<quotas::UsageType> for UsageType {
            fn from(kind: quotas::UsageType) -> Self {
                match kind { $(quotas::UsageType::$name => Self::$name,)+ }
            }
        }
    };
}

usage_types! {
    /// Maximum duration of a call of a bot's code, in seconds.
    InvocationTimeout,
    /// Number of calls of bots' code in the month.
    InvocationCalls,
    /// Size of files, in bytes.
    StorageCount,
    /// Number of bots.
    BotCount,
    /// Number of vectors in knowledge bases; this server has none.
    KnowledgebaseVectorCount,
    /// Maximum number of calls that a bot may make in a second.
    BotRatelimit,
    /// Number of table rows; this server has none.
    TableRowCount,
    /// Number of members.
    WorkspaceMemberCount,
    /// Number of integration versions.
    IntegrationsOwnedCount,
    /// Number of model calls; this server has none.
    CognitiveCalls,
    /// Credit for models; this server has none.
    ModelCredit,
    /// Size of vectors in knowledge bases, in bytes; this server has none.
    KnowledgebaseVectorStorage,
    /// Maximum number of calls that a workspace may make in a second; this server displays 0.
    WorkspaceRatelimit,
    /// Cost of AI in the month, in dollars; this server has none.
    AiSpend,
    /// Cost of OpenAI; this server has none.
    OpenaiSpend,
    /// Cost of web searches; this server has none.
    BingSearchSpend,
    /// Number of bots that are always alive; this server has none.
    AlwaysAlive,
    /// Number of indexed files; this server has none.
    IndexedFileCount,
    /// Maximum size of a file, in bytes; this server displays 0.
    FileMaxSizeBytes,
}

/// Parses the month of a query.
///
/// # Errors
/// `Invalid` if the text is not a month.
pub fn parse_month(period: Option<String>) -> Result<Option<Month>> {
    let Some(text) = period.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let found = Month::parse(&text);
    found.map(Some).ok_or_else(|| {
        let rule = Rule::Other("must be a month such as 2026-03, or a date".to_owned());
        Violation::query("period", rule).into()
    })
}

/// Usage of a quota.
#[derive(Object)]
pub struct Usage {
    /// Id of the workspace or the bot.
    id: String,
    /// Month: `2026-03`.
    period: String,
    /// Amount used.
    value: u64,
    /// Amount allowed.
    quota: u64,
    /// Type of usage.
    r#type: UsageType,
}

impl From<quotas::Usage> for Usage {
    fn from(usage: quotas::Usage) -> Self {
        Self {
            id: usage.id,
            period: usage.month.to_string(),
            value: usage.value,
            quota: usage.quota,
            r#type: usage.kind.into(),
        }
    }
}

impl Example for Usage {
    fn example() -> Self {
        Self {
            id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            period: "2026-03".to_owned(),
            value: 3,
            quota: 10_000,
            r#type: UsageType::BotCount,
        }
    }
}

/// One usage.
#[derive(Object)]
#[oai(example, rename = "getUsageResponse")]
pub struct UsageResponse {
    /// The usage.
    pub usage: Usage,
}

impl Example for UsageResponse {
    fn example() -> Self {
        Self {
            usage: Usage::example(),
        }
    }
}

/// Usages.
#[derive(Object)]
#[oai(example, rename = "UsagesResponse")]
pub struct UsagesResponse {
    /// The usages.
    pub usages: Vec<Usage>,
}

impl From<Vec<quotas::Usage>> for UsagesResponse {
    fn from(usages: Vec<quotas::Usage>) -> Self {
        Self {
            usages: usages.into_iter().map(Usage::from).collect(),
        }
    }
}

impl Example for UsagesResponse {
    fn example() -> Self {
        Self {
            usages: vec![Usage::example()],
        }
    }
}

/// A quota.
#[derive(Object)]
pub struct Quota {
    /// Month: `2026-03`.
    period: String,
    /// Amount allowed.
    value: u64,
    /// Type of usage.
    r#type: UsageType,
}

impl From<quotas::Quota> for Quota {
    fn from(quota: quotas::Quota) -> Self {
        Self {
            period: quota.month.to_string(),
            value: quota.value,
            r#type: quota.kind.into(),
        }
    }
}

impl Example for Quota {
    fn example() -> Self {
        Self {
            period: "2026-03".to_owned(),
            value: 10_000,
            r#type: UsageType::BotCount,
        }
    }
}

/// One quota.
#[derive(Object)]
#[oai(example, rename = "getWorkspaceQuotaResponse")]
pub struct QuotaResponse {
    /// The quota.
    pub quota: Quota,
}

impl Example for QuotaResponse {
    fn example() -> Self {
        Self {
            quota: Quota::example(),
        }
    }
}

/// All quotas of a workspace.
#[derive(Object)]
#[oai(example, rename = "listWorkspaceQuotasResponse")]
pub struct QuotasResponse {
    /// The quotas.
    pub quotas: Vec<Quota>,
}

impl Example for QuotasResponse {
    fn example() -> Self {
        Self {
            quotas: vec![Quota::example()],
        }
    }
}
