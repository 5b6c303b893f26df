//! DTOs of log lines, and the parser for time periods in queries.

use poem_openapi::{Object, types::Example};

use crate::{
    domain::{
        bots::manage::logs::{Line, Period},
        shared::paging::Page,
    },
    kernel::{Error, Result, Rule, Timestamp, Violation},
};

/// A log line.
#[derive(Object)]
struct LogLine {
    /// Time of the line, in ISO 8601.
    timestamp: String,
    /// Severity: `debug`, `info`, `warn` or `error`.
    level: String,
    /// Text of the line.
    message: String,
}

/// A page of log lines.
#[derive(Object)]
#[oai(example, rename = "getLogsResponse", rename_all = "camelCase")]
pub struct GetLogsResponse {
    /// The lines, newest first.
    logs: Vec<LogLine>,
    /// Token to pass as `nextToken` for the next page; absent on the last page.
    #[oai(skip_serializing_if_is_none)]
    next_token: Option<String>,
}

impl Example for GetLogsResponse {
    fn example() -> Self {
        Self {
            logs: vec![LogLine {
                timestamp: "2026-01-31T09:30:00.000Z".to_owned(),
                level: "info".to_owned(),
                message: "Hello".to_owned(),
            }],
            next_token: None,
        }
    }
}

impl From<Page<Line>> for GetLogsResponse {
    fn from(page: Page<Line>) -> Self {
        let shown = |line: Line| LogLine {
            timestamp: line.at.to_rfc3339_millis(),
            level: line.level.to_string(),
            message: line.message,
        };
        Self {
            logs: page.items.into_iter().map(shown).collect(),
            next_token: page.next.map(|token| token.to_string()),
        }
    }
}

/// Parses the period between two query parameters, each given as name and text.
///
/// # Errors
/// `Invalid` if a text is not a time.
pub fn parse_period(start: (&str, &str), end: (&str, &str)) -> Result<Period> {
    Ok(Period {
        start: parse_time(start)?,
        end: parse_time(end)?,
    })
}

/// Parses the time in an optional query parameter; an empty one counts as absent.
///
/// # Errors
/// `Invalid` if the text is not a time.
pub fn parse_optional_time(name: &str, text: Option<String>) -> Result<Option<Timestamp>> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| parse_time((name, &text))).transpose()
}

/// Parses a time, or a day, which means its first moment.
fn parse_time((name, text): (&str, &str)) -> Result<Timestamp> {
    let day = || Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
    // An unencoded plus sign is decoded as a space.
    let read = Timestamp::parse_rfc3339(&text.replace(' ', "+")).or_else(day);
    read.ok_or_else(|| {
        let rule = Rule::Other("must be a date and time in ISO 8601".to_owned());
        Error::from(Violation::query(name, rule))
    })
}
