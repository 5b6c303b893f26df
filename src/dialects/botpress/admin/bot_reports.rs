//! Reports on a bot: its logs, its analytics and the embed code of its web chat.

use std::collections::BTreeMap;

use poem::Request;
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use super::logs_dto::{GetLogsResponse, parse_period};
use crate::{
    dialects::botpress::{
        Tag, WEBHOOKS_PATH, auth::Member, error::Failed, pages::chat_page, paging::parse_next_token,
    },
    domain::bots::manage::{analytics, logs},
    http::origin,
};

/// The operations on logs, analytics and the web chat of a bot.
pub struct BotReports;

/// Kind of embed code for a web chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub enum WebchatType {
    /// A script for any page: a button in the corner that opens the chat.
    Preconfigured,
    /// The same script with every option at its default value, for editing.
    Configurable,
    /// A page that the chat fills.
    Fullscreen,
    /// The address of the chat page.
    SharableUrl,
}

/// The embed code of a web chat.
#[derive(Object)]
#[oai(example, rename = "getBotWebchatResponse", rename_all = "camelCase")]
struct GetBotWebchatResponse {
    /// HTML, or an address.
    code: String,
    /// Address of the chat API, for `@botpress/chat` and compatible clients.
    // wire: the vendor's response has only `code`.
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

/// Analytics of one day.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct AnalyticsRecord {
    /// Start of the day, in ISO 8601.
    start_date_time_utc: String,
    /// End of the day (exclusive), in ISO 8601.
    end_date_time_utc: String,
    /// Number of users created before this day who sent a message on it.
    returning_users: i64,
    /// Number of users created on this day.
    new_users: i64,
    /// Number of sessions: runs of user messages in a conversation without a long break.
    sessions: i64,
    /// The same as `userMessages`.
    messages: i64,
    /// Number of user messages.
    user_messages: i64,
    /// Number of bot messages.
    bot_messages: i64,
    /// Number of events, including one for each user message.
    events: i64,
    /// Number of events by type.
    event_types: BTreeMap<String, i64>,
    /// Sums of the numbers that programs tracked, by name.
    custom_events: BTreeMap<String, i64>,
}

/// Analytics of a bot.
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
                custom_events: BTreeMap::from([("orders".to_owned(), 3)]),
            }],
        }
    }
}

impl From<analytics::DayRecord> for AnalyticsRecord {
    fn from(record: analytics::DayRecord) -> Self {
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
            custom_events: record.custom_events,
        }
    }
}

#[OpenApi(tag = "Tag::Bot")]
impl BotReports {
    /// Get Bot Logs
    ///
    /// Lists the log lines of a bot from `timeStart` (inclusive) to `timeEnd` (exclusive), newest first.
    #[oai(
        path = "/v1/admin/bots/:id/logs",
        method = "get",
        operation_id = "getBotLogs"
    )]
    async fn get_bot_logs(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// Start of the period, in ISO 8601.
        #[oai(name = "timeStart")]
        time_start: Query<String>,
        /// End of the period (exclusive), in ISO 8601.
        #[oai(name = "timeEnd")]
        time_end: Query<String>,
        /// `nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<GetLogsResponse>, Failed> {
        let period = parse_period(("timeStart", &time_start.0), ("timeEnd", &time_end.0))?;
        let after = parse_next_token(next_token.0)?;
        let page = logs::list(&caller.0, &id.0.into(), period, after).await?;
        Ok(Json(page.into()))
    }

    /// Get Bot Webchat
    ///
    /// Returns the embed code or the address of a bot's web chat, which this server shows at `/chat/{bot}`.
    /// Switches the chat on if the bot has none yet, which requires the role developer. Responds with 403 if
    /// the chat was switched off.
    #[oai(
        path = "/v1/admin/bots/:id/webchat",
        method = "get",
        operation_id = "getBotWebchat"
    )]
    async fn get_bot_webchat(
        &self,
        caller: Member,
        request: &Request,
        /// Id of the bot.
        id: Path<String>,
        /// Kind of embed code.
        r#type: Query<WebchatType>,
    ) -> Result<Json<GetBotWebchatResponse>, Failed> {
        let (bot, webhook) =
            crate::domain::webchat::chat_page::find_with_chat(&caller.0, id.0.into()).await?;
        let origin = origin(request);
        Ok(Json(GetBotWebchatResponse {
            code: chat_page::embed_code(r#type.0, &origin, &bot),
            api_url: format!("{origin}{WEBHOOKS_PATH}/{webhook}"),
        }))
    }

    /// Get Bot Analytics
    ///
    /// Returns the analytics of a bot for each UTC day. A day that the period covers partly is counted whole.
    #[oai(
        path = "/v1/admin/bots/:id/analytics",
        method = "get",
        operation_id = "getBotAnalytics"
    )]
    async fn get_bot_analytics(
        &self,
        caller: Member,
        /// Id of the bot.
        id: Path<String>,
        /// Start of the period, in ISO 8601.
        #[oai(name = "startDate")]
        start_date: Query<String>,
        /// End of the period (exclusive), in ISO 8601; at most a year after the start.
        #[oai(name = "endDate")]
        end_date: Query<String>,
    ) -> Result<Json<GetBotAnalyticsResponse>, Failed> {
        let period = parse_period(("startDate", &start_date.0), ("endDate", &end_date.0))?;
        let records = analytics::compute(&caller.0, &id.0.into(), period).await?;
        Ok(Json(GetBotAnalyticsResponse {
            records: records.into_iter().map(Into::into).collect(),
        }))
    }
}
