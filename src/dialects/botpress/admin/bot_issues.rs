//! `/v1/admin/bots/{id}/issues`: the issues of a bot.

use std::collections::BTreeMap;

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::{
    dialects::botpress::{
        Tag,
        auth::Member,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::{PageMeta, parse_next_token},
    },
    domain::{
        bots::manage::issues::{self, Category, IssueData},
        shared::paging::Page,
    },
    http::Nullable,
};

/// The operations on issues.
pub struct BotIssues;

/// A value that describes an issue.
#[derive(Object)]
struct IssueDatum {
    /// The value.
    raw: String,
    /// The value in readable form.
    #[oai(skip_serializing_if_is_none)]
    pretty: Option<String>,
}

/// Cause of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum IssueCategory {
    /// Code of the bot or the integration.
    UserCode,
    /// A limit that was reached.
    Limits,
    /// Configuration of the bot or the integration.
    Configuration,
    /// Any other cause.
    Other,
}

/// An issue.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Issue {
    /// Id of the issue.
    id: String,
    /// Machine-readable code of the issue.
    code: String,
    /// Time of the first event, in ISO 8601.
    created_at: String,
    /// Time of the latest event, in ISO 8601.
    last_seen_at: String,
    /// Short title.
    title: String,
    /// Description of the issue.
    description: String,
    /// Values that all events of the issue share, by name.
    grouped_data: BTreeMap<String, IssueDatum>,
    /// Number of events.
    events_count: i64,
    /// Cause of the issue.
    category: IssueCategory,
    /// Address of a page that explains the fix; null if there is none.
    resolution_link: Nullable<String>,
}

/// A page of issues.
#[derive(Object)]
#[oai(example, rename = "listBotIssuesResponse")]
struct ListBotIssuesResponse {
    /// The issues, newest first.
    issues: Vec<Issue>,
    /// Position of the next page.
    meta: PageMeta,
}

/// One issue.
#[derive(Object)]
#[oai(example, rename = "getBotIssueResponse")]
struct GetBotIssueResponse {
    /// The issue.
    issue: Issue,
}

/// One event of an issue.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct IssueEvent {
    /// Id of the event.
    id: String,
    /// Time of the event, in ISO 8601.
    created_at: String,
    /// Values of this event alone, by name.
    data: BTreeMap<String, IssueDatum>,
}

/// The events of an issue.
#[derive(Object)]
#[oai(
    example,
    rename = "listBotIssueEventsResponse",
    rename_all = "camelCase"
)]
struct ListBotIssueEventsResponse {
    /// The stored events, newest first.
    issue_events: Vec<IssueEvent>,
}

/// Id in every example.
const EXAMPLE_ID: &str = "6d1f3a52-7c1c-4a59-b7a5-2f5d0c9f8e10";

impl Example for ListBotIssuesResponse {
    fn example() -> Self {
        Self {
            issues: vec![example_issue()],
            meta: PageMeta::default(),
        }
    }
}

impl Example for GetBotIssueResponse {
    fn example() -> Self {
        Self {
            issue: example_issue(),
        }
    }
}

fn example_issue() -> Issue {
    Issue {
        id: EXAMPLE_ID.to_owned(),
        code: "bot_failed".to_owned(),
        created_at: "2026-01-31T09:30:00.000Z".to_owned(),
        last_seen_at: "2026-01-31T09:30:00.000Z".to_owned(),
        title: "The bot failed".to_owned(),
        description: "The bot's code threw an error.".to_owned(),
        grouped_data: example_data(),
        events_count: 1,
        category: IssueCategory::UserCode,
        resolution_link: Nullable(None),
    }
}

impl Example for ListBotIssueEventsResponse {
    fn example() -> Self {
        Self {
            issue_events: vec![IssueEvent {
                id: EXAMPLE_ID.to_owned(),
                created_at: "2026-01-31T09:30:00.000Z".to_owned(),
                data: example_data(),
            }],
        }
    }
}

fn example_data() -> BTreeMap<String, IssueDatum> {
    let datum = IssueDatum {
        raw: "event_received".to_owned(),
        pretty: None,
    };
    BTreeMap::from([("operation".to_owned(), datum)])
}

fn data_to_dto(data: IssueData) -> BTreeMap<String, IssueDatum> {
    let shown = |datum: issues::IssueValue| IssueDatum {
        raw: datum.raw,
        pretty: datum.pretty,
    };
    data.into_iter()
        .map(|(name, datum)| (name, shown(datum)))
        .collect()
}

impl From<issues::Issue> for Issue {
    fn from(issue: issues::Issue) -> Self {
        Self {
            id: issue.id.to_string(),
            code: issue.code,
            created_at: issue.created_at.to_rfc3339_millis(),
            last_seen_at: issue.last_seen_at.to_rfc3339_millis(),
            title: issue.title,
            description: issue.description,
            grouped_data: data_to_dto(issue.group_data),
            events_count: issue.events_count,
            category: match issue.category {
                Category::UserCode => IssueCategory::UserCode,
                Category::Limits => IssueCategory::Limits,
                Category::Configuration => IssueCategory::Configuration,
                Category::Other => IssueCategory::Other,
            },
            resolution_link: Nullable(issue.resolution_link),
        }
    }
}

impl From<Page<issues::Issue>> for ListBotIssuesResponse {
    fn from(page: Page<issues::Issue>) -> Self {
        Self {
            issues: page.items.into_iter().map(Into::into).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl BotIssues {
    /// List Bot Issues
    ///
    /// Lists the issues of a bot, newest first.
    #[oai(
        path = "/v1/admin/bots/:id/issues",
        method = "get",
        operation_id = "listBotIssues"
    )]
    async fn list_bot_issues(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<ListBotIssuesResponse>, Failed> {
        let after = parse_next_token(next_token.0)?;
        let page = issues::list(&caller.0, &id.0.into(), after).await?;
        Ok(Json(page.into()))
    }

    /// Get Bot Issue
    ///
    /// Returns one issue of a bot.
    #[oai(
        path = "/v1/admin/bots/:id/issues/:issueId",
        method = "get",
        operation_id = "getBotIssue"
    )]
    async fn get_bot_issue(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// Id of the issue.
        #[oai(name = "issueId")]
        issue_id: Path<String>,
    ) -> Result<Json<GetBotIssueResponse>, Failed> {
        let found = issues::get(&caller.0, &id.0.into(), &issue_id.0.into())?;
        Ok(Json(GetBotIssueResponse {
            issue: found.into(),
        }))
    }

    /// Delete Bot Issue
    ///
    /// Deletes an issue and its events. If the issue occurs again, it is a new issue.
    #[oai(
        path = "/v1/admin/bots/:id/issues/:issueId",
        method = "delete",
        operation_id = "deleteBotIssue"
    )]
    async fn delete_bot_issue(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// Id of the issue.
        #[oai(name = "issueId")]
        issue_id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        issues::delete(&caller.0, id.0.into(), issue_id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// List Bot Issue Events
    ///
    /// Lists the stored events of an issue, newest first.
    #[oai(
        path = "/v1/admin/bots/:id/issues/:issueId/events",
        method = "get",
        operation_id = "listBotIssueEvents"
    )]
    async fn list_bot_issue_events(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// Id of the issue.
        #[oai(name = "issueId")]
        issue_id: Path<String>,
    ) -> Result<Json<ListBotIssueEventsResponse>, Failed> {
        let events = issues::list_events(&caller.0, &id.0.into(), issue_id.0.into()).await?;
        let shown = |event: issues::IssueEvent| IssueEvent {
            id: event.id.to_string(),
            created_at: event.created_at.to_rfc3339_millis(),
            data: data_to_dto(event.data),
        };
        Ok(Json(ListBotIssueEventsResponse {
            issue_events: events.into_iter().map(shown).collect(),
        }))
    }
}
