//! DTOs of the further reports of usages.

use std::collections::BTreeMap;

use poem_openapi::{NewType, Object, types::Example};

use super::dto::UsageType;
use crate::{dialects::botpress::paging::PageMeta, domain::tenancy::quotas, http::JsonObject};

/// Usage of a bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct BotUsage {
    /// Id of the bot.
    bot_id: String,
    /// Amount used.
    value: u64,
}

/// Usage of each bot.
#[derive(Object)]
#[oai(example, rename = "breakDownWorkspaceUsageByBotResponse")]
pub struct ByBotResponse {
    /// The bots with their usage.
    data: Vec<BotUsage>,
}

impl From<Vec<quotas::BotUsage>> for ByBotResponse {
    fn from(usages: Vec<quotas::BotUsage>) -> Self {
        let shown = |usage: quotas::BotUsage| BotUsage {
            bot_id: usage.bot,
            value: usage.value,
        };
        Self {
            data: usages.into_iter().map(shown).collect(),
        }
    }
}

impl Example for ByBotResponse {
    fn example() -> Self {
        Self {
            data: vec![BotUsage {
                bot_id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
                value: 3,
            }],
        }
    }
}

/// The largest used share of a workspace's quotas.
#[derive(Object)]
pub struct QuotaCompletion {
    /// Type of usage.
    r#type: UsageType,
    /// Used share of the quota, from 0 to 1.
    completion: f64,
}

/// The largest used share of each workspace's quotas, by the id of the workspace.
#[derive(NewType)]
#[oai(
    from_parameter = false,
    from_multipart = false,
    to_header = false,
    example
)]
pub struct CompletionsResponse(BTreeMap<String, QuotaCompletion>);

impl From<Vec<quotas::Completion>> for CompletionsResponse {
    fn from(found: Vec<quotas::Completion>) -> Self {
        let shown = |one: quotas::Completion| {
            let completion = QuotaCompletion {
                r#type: one.kind.into(),
                completion: one.share,
            };
            (one.workspace.to_string(), completion)
        };
        Self(found.into_iter().map(shown).collect())
    }
}

impl Example for CompletionsResponse {
    fn example() -> Self {
        let completion = QuotaCompletion {
            r#type: UsageType::BotCount,
            completion: 0.25,
        };
        Self(BTreeMap::from([(
            "11111111-1111-1111-aaaa-111111111111".to_owned(),
            completion,
        )]))
    }
}

/// Usage at a time.
#[derive(Object)]
struct UsageActivity {
    /// Start of the month, in ISO 8601.
    timestamp: String,
    /// Amount used in the month.
    value: u64,
    /// Month: `2026-03`.
    period: String,
    /// Further data; empty on this server.
    metadata: JsonObject,
}

/// Usages by time.
#[derive(Object)]
#[oai(example, rename = "listUsageActivityResponse")]
pub struct ActivityResponse {
    /// The usages, newest first.
    data: Vec<UsageActivity>,
    /// Position of the next page.
    meta: PageMeta,
}

impl From<Vec<quotas::Usage>> for ActivityResponse {
    fn from(usages: Vec<quotas::Usage>) -> Self {
        let shown = |usage: quotas::Usage| UsageActivity {
            timestamp: usage.month.start().to_rfc3339_millis(),
            value: usage.value,
            period: usage.month.to_string(),
            metadata: JsonObject::default(),
        };
        Self {
            data: usages.into_iter().map(shown).collect(),
            meta: PageMeta::default(),
        }
    }
}

impl Example for ActivityResponse {
    fn example() -> Self {
        Self {
            data: vec![UsageActivity {
                timestamp: "2026-03-01T00:00:00.000Z".to_owned(),
                value: 3,
                period: "2026-03".to_owned(),
                metadata: JsonObject::default(),
            }],
            meta: PageMeta::default(),
        }
    }
}

/// Usage on a day.
#[derive(Object)]
struct DailyUsage {
    /// Key of the entry.
    key: String,
    /// First day of the month: `2026-03-01`.
    date: String,
    /// Amount used in the month.
    value: u64,
}

/// Usages by day.
#[derive(Object)]
#[oai(example, rename = "listUsageActivityDailyResponse")]
pub struct DailyActivityResponse {
    /// The usages, newest first.
    data: Vec<DailyUsage>,
    /// Position of the next page.
    meta: PageMeta,
}

impl From<Vec<quotas::Usage>> for DailyActivityResponse {
    fn from(usages: Vec<quotas::Usage>) -> Self {
        let shown = |usage: quotas::Usage| DailyUsage {
            key: format!("{}:{}", usage.kind, usage.month),
            date: format!("{}-01", usage.month),
            value: usage.value,
        };
        Self {
            data: usages.into_iter().map(shown).collect(),
            meta: PageMeta::default(),
        }
    }
}

impl Example for DailyActivityResponse {
    fn example() -> Self {
        Self {
            data: vec![DailyUsage {
                key: "invocation_calls:2026-03".to_owned(),
                date: "2026-03-01".to_owned(),
                value: 3,
            }],
            meta: PageMeta::default(),
        }
    }
}

/// The limit on the cost of AI.
#[derive(Object)]
#[oai(example, rename = "changeAISpendQuotaBody", rename_all = "camelCase")]
pub struct ChangeAiSpendBody {
    /// Limit in dollars a month.
    pub monthly_spending_limit: f64,
}

impl Example for ChangeAiSpendBody {
    fn example() -> Self {
        Self {
            monthly_spending_limit: 20.0,
        }
    }
}
