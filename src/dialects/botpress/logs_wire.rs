//! Log lines, and the periods that are asked for, as wire types.

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
    /// When it was written, in ISO 8601.
    timestamp: String,
    /// How grave it is: `debug`, `info`, `warn` or `error`.
    level: String,
    /// What it says.
    message: String,
}

/// A page of log lines.
#[derive(Object)]
#[oai(example, rename = "getLogsResponse", rename_all = "camelCase")]
pub struct GetLogsResponse {
    /// The lines, newest first.
    logs: Vec<LogLine>,
    /// To be passed as `nextToken` for the next page; absent on the last one.
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

/// The period between two query parameters, each with its name and its text.
///
/// # Errors
/// `Invalid` for what is no time.
pub fn period(start: (&str, &str), end: (&str, &str)) -> Result<Period> {
    Ok(Period {
        start: time(start)?,
        end: time(end)?,
    })
}

/// A time, or a day, which is its beginning.
fn time((name, text): (&str, &str)) -> Result<Timestamp> {
    let day = || Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
    // A plus sign that is not encoded comes as a blank.
    let read = Timestamp::parse_rfc3339(&text.replace(' ', "+")).or_else(day);
    read.ok_or_else(|| {
        let rule = Rule::Other("must be a date and time in ISO 8601".to_owned());
        Error::from(Violation::query(name, rule))
    })
}
