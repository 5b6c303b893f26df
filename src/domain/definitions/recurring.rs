//! Events that happen again and again: when, and what.

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Event, Named};
use crate::kernel::{Result, Rule, Timestamp, Violation, schema};

/// An event that happens again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecurringEvent {
    /// When: a cron expression of five fields, in UTC.
    pub cron: String,
    /// The type of the event.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its payload.
    pub payload: Map<String, Value>,
}

impl RecurringEvent {
    /// Checks the recurring event of this name of a bot that declares these events.
    pub(super) fn check(
        &self,
        name: &str,
        events: &Named<Event>,
        limits: &schema::Limits,
    ) -> Result<()> {
        parse(&self.cron).map_err(|reason| {
            let rule = Rule::Other(format!(
                "must be a cron expression of five fields: {reason}"
            ));
            Violation::body(["recurringEvents", name, "schedule", "cron"], rule)
        })?;
        // An event of an integration is checked when it happens: which ones are there may change.
        match events.get(&self.kind) {
            Some(event) => {
                let payload = Value::Object(self.payload.clone());
                let place = format!("recurringEvents.{name}.payload");
                event.schema.check(&payload, &place, limits)
            }
            None => Ok(()),
        }
    }

    /// When it happens next after a time; none if never again.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let time: DateTime<Utc> = DateTime::from_timestamp_micros(time.as_micros())?;
        let next = parse(&self.cron).ok()?.find_next_occurrence(&time, false);
        next.ok()
            .map(|next| Timestamp::from_micros(next.timestamp_micros()))
    }
}

fn parse(cron: &str) -> Result<Cron, String> {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(cron).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, after: &str) -> Option<String> {
        let event = RecurringEvent {
            cron: cron.to_owned(),
            kind: "reminder".to_owned(),
            payload: Map::new(),
        };
        let after = Timestamp::parse_rfc3339(after).expect("a time");
        event.next_after(after).map(Timestamp::to_rfc3339_millis)
    }

    #[test]
    fn the_next_time_is_later_and_in_utc() {
        for (cron, after, expected) in [
            (
                "* * * * *",
                "2026-01-31T09:30:00Z",
                Some("2026-01-31T09:31:00.000Z"),
            ),
            (
                "* * * * *",
                "2026-01-31T09:30:59.999Z",
                Some("2026-01-31T09:31:00.000Z"),
            ),
            (
                "0 9 * * MON",
                "2026-01-31T09:30:00Z",
                Some("2026-02-02T09:00:00.000Z"),
            ),
            (
                "0 0 29 2 *",
                "2026-01-31T09:30:00Z",
                Some("2028-02-29T00:00:00.000Z"),
            ),
            ("0 0 30 2 *", "2026-01-31T09:30:00Z", None),
            (
                "@daily",
                "2026-01-31T09:30:00Z",
                Some("2026-02-01T00:00:00.000Z"),
            ),
        ] {
            assert_eq!(next(cron, after).as_deref(), expected, "{cron}");
        }
    }

    #[test]
    fn what_is_no_cron_expression_is_refused() {
        for bad in ["", "every day", "* * * *", "60 * * * *", "* * * * * *"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
