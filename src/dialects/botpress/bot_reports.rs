//! What a bot did: its logs and its analytics, and the code of its web chat.

use std::collections::BTreeMap;

use poem::Request;
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use super::{
    Tag, WEBHOOKS_PATH,
    auth::Member,
    error::Failed,
    logs_wire::{GetLogsResponse, period},
    paging::position,
    webchat,
};
use crate::{
    domain::bots::manage::{analytics, logs},
    http::origin,
};

/// The operations that tell what a bot did.
pub struct BotReports;

/// The sort of code that a web chat is shown with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub enum WebchatType {
    /// A script for any page: a button in its corner that opens the chat.
    Preconfigured,
    /// The same with every option at its default, to be changed.
    Configurable,
    /// A page that the chat fills.
    Fullscreen,
    /// The address of the chat's own page.
    SharableUrl,
}

/// The code of a web chat.
#[derive(Object)]
#[oai(example, rename = "getBotWebchatResponse", rename_all = "camelCase")]
struct GetBotWebchatResponse {
    /// HTML, or an address.
    code: String,
    /// The address of the chat's API, for `@botpress/chat` and its like.
    // wire: the vendor has the code alone.
    api_url: String,
}

impl Example for GetBotWebchatResponse {
    fn example() -> Self {
        Self {
            code: "http://127.0.0.1:4600/chat/4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
            api_url: "http://127.0.0.1:4600/webhook/0b8d4d3e-6f0a-4f60-9a52-1f6c1d2f7c11"
                .to_owned(),
        }
    }
}

/// What happened on one day.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct AnalyticsRecord {
    /// Where the day begins, in ISO 8601.
    start_date_time_utc: String,
    /// What it ends before, in ISO 8601.
    end_date_time_utc: String,
    /// Users who were created before and wrote.
    returning_users: i64,
    /// Users who were created.
    new_users: i64,
    /// Runs of messages without a long break.
    sessions: i64,
    /// The same as `userMessages`.
    messages: i64,
    /// Messages of users.
    user_messages: i64,
    /// Messages of the bot.
    bot_messages: i64,
    /// Events, with those that messages of users are.
    events: i64,
    /// Events by type.
    event_types: BTreeMap<String, i64>,
}

/// What happened in a bot.
#[derive(Object)]
#[oai(example, rename = "getBotAnalyticsResponse")]
struct GetBotAnalyticsResponse {
    /// One record for each day, oldest first.
    records: Vec<AnalyticsRecord>,
}

impl Example for GetBotAnalyticsResponse {
    fn example() -> Self {
        Self {
            records: vec![AnalyticsRecord {
                start_date_time_utc: "2026-01-31T00:00:00.000Z".to_owned(),
                end_date_time_utc: "2026-02-01T00:00:00.000Z".to_owned(),
                returning_users: 3,
                new_users: 1,
                sessions: 5,
                messages: 12,
                user_messages: 12,
                bot_messages: 14,
                events: 12,
                event_types: BTreeMap::from([("message_created".to_owned(), 12)]),
            }],
        }
    }
}

impl From<analytics::Record> for AnalyticsRecord {
    fn from(record: analytics::Record) -> Self {
        Self {
            start_date_time_utc: record.start.to_rfc3339_millis(),
            end_date_time_utc: record.end.to_rfc3339_millis(),
            returning_users: record.returning_users,
            new_users: record.new_users,
            sessions: record.sessions,
            messages: record.user_messages,
            user_messages: record.user_messages,
            bot_messages: record.bot_messages,
            events: record.events(),
            event_types: record.event_types,
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl BotReports {
    /// Get Bot Logs
    ///
    /// Read the log lines of a bot from one time on and before another, newest first.
    #[oai(
        path = "/v1/admin/bots/:id/logs",
        method = "get",
        operation_id = "getBotLogs"
    )]
    async fn get_bot_logs(
        &self,
        caller: Member,
        /// The bot's id.
        id: Path<String>,
        /// Where the time begins, in ISO 8601.
        #[oai(name = "timeStart")]
        time_start: Query<String>,
        /// What the time ends before, in ISO 8601.
        #[oai(name = "timeEnd")]
        time_end: Query<String>,
        /// The `nextToken` of the page before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<GetLogsResponse>, Failed> {
        let period = period(("timeStart", &time_start.0), ("timeEnd", &time_end.0))?;
        let after = position(next_token.0)?;
        let page = logs::list(&caller.0, &id.0.into(), period, after).await?;
        Ok(Json(page.into()))
    }

    /// Get Bot Webchat
    ///
    /// Read the code or the address of a bot's web chat, which this server shows at `/chat/{bot}`.
    #[oai(
        path = "/v1/admin/bots/:id/webchat",
        method = "get",
        operation_id = "getBotWebchat"
    )]
    async fn get_bot_webchat(
        &self,
        caller: Member,
        request: &Request,
        /// The bot's id.
        id: Path<String>,
        /// The sort of code.
        r#type: Query<WebchatType>,
    ) -> Result<Json<GetBotWebchatResponse>, Failed> {
        let (bot, webhook) =
            crate::domain::webchat::bot_chat::with_chat(&caller.0, id.0.into()).await?;
        let origin = origin(request);
        Ok(Json(GetBotWebchatResponse {
            code: webchat::code(r#type.0, &origin, &bot),
            api_url: format!("{origin}{WEBHOOKS_PATH}/{webhook}"),
        }))
    }

    /// Get Bot Analytics
    ///
    /// Read what happened in a bot, by UTC day. Days that the period has a part of are whole.
    #[oai(
        path = "/v1/admin/bots/:id/analytics",
        method = "get",
        operation_id = "getBotAnalytics"
    )]
    async fn get_bot_analytics(
        &self,
        caller: Member,
        /// The bot's id.
        id: Path<String>,
        /// Where the period begins, in ISO 8601.
        #[oai(name = "startDate")]
        start_date: Query<String>,
        /// What the period ends before, in ISO 8601; at most a year later.
        #[oai(name = "endDate")]
        end_date: Query<String>,
    ) -> Result<Json<GetBotAnalyticsResponse>, Failed> {
        let period = period(("startDate", &start_date.0), ("endDate", &end_date.0))?;
        let records = analytics::of(&caller.0, &id.0.into(), period).await?;
        Ok(Json(GetBotAnalyticsResponse {
            records: records.into_iter().map(Into::into).collect(),
        }))
    }
}
