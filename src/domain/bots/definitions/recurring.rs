//! Recurring events: their cron expression, type and payload.

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EventDefinition, Named};
use crate::kernel::{Result, Rule, Timestamp, Violation, schema};

/// Maximum length of a cron expression, in bytes. An expression that lists every minute is shorter.
const MAX_CRON_BYTES: usize = 500;

/// A recurring event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecurringEvent {
    /// Cron expression of five fields, in UTC.
    pub cron: String,
    /// Type of the event.
    #[serde(rename = "type")]
    pub kind: String,
    /// Payload of the event.
    pub payload: Map<String, Value>,
}

impl RecurringEvent {
    /// Validates this recurring event, named `name`, of a bot that declares `events`.
    pub(super) fn check(
        &self,
        name: &str,
        events: &Named<EventDefinition>,
        limits: &schema::Limits,
    ) -> Result<()> {
        parse_cron(&self.cron).map_err(|reason| {
            let rule = Rule::Other(format!(
                "must be a cron expression of five fields: {reason}"
            ));
            Violation::body(["recurringEvents", name, "schedule", "cron"], rule)
        })?;
        // The payload of an integration's event is checked when the event occurs, because installations
        // change.
        match events.get(&self.kind) {
            Some(event) => {
                let payload = Value::Object(self.known_payload(events));
                let place = format!("recurringEvents.{name}.payload");
                event.schema.check(&payload, &place, limits)
            }
            None => Ok(()),
        }
    }

    /// Returns the payload without the members that the schema of the event excludes.
    // wire: the vendor's own bots have a zod schema in place of the payload (botpress-today.md §0.5)
    pub(in crate::domain) fn known_payload(
        &self,
        events: &Named<EventDefinition>,
    ) -> Map<String, Value> {
        let mut payload = self.payload.clone();
        let schema = events.get(&self.kind).map(|event| event.schema.source());
        if let Some(schema) = schema
            && schema.get("additionalProperties") == Some(&Value::Bool(false))
            && let Some(Value::Object(properties)) = schema.get("properties")
        {
            payload.retain(|name, _| properties.contains_key(name));
        }
        payload
    }

    /// Returns the next occurrence after a time; `None` if there is none.
    #[must_use]
    pub fn next_occurrence_after(&self, time: Timestamp) -> Option<Timestamp> {
        let time: DateTime<Utc> = DateTime::from_timestamp_micros(time.as_micros())?;
        let next = parse_cron(&self.cron)
            .ok()?
            .find_next_occurrence(&time, false);
        next.ok()
            .map(|next| Timestamp::from_micros(next.timestamp_micros()))
    }
}

fn parse_cron(cron: &str) -> Result<Cron, String> {
    if cron.len() > MAX_CRON_BYTES {
        return Err(format!("it has at most {MAX_CRON_BYTES} bytes"));
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(cron).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(cron: &str, after: &str) -> Option<String> {
        let event = RecurringEvent {
            cron: cron.to_owned(),
            kind: "reminder".to_owned(),
            payload: Map::new(),
        };
        let after = Timestamp::parse_rfc3339(after).expect("a time");
        event
            .next_occurrence_after(after)
            .map(Timestamp::to_rfc3339_millis)
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
            assert!(parse_cron(bad).is_err(), "{bad}");
        }
        let long = format!("{} * * * *", vec!["1"; 300].join(","));
        let reason = parse_cron(&long).expect_err("too long");
        assert_eq!(reason, "it has at most 500 bytes");
    }

    proptest! {
        /// Parsing any text returns a cron expression or an error, and the search for the next time ends.
        #[test]
        fn any_text_is_read_or_refused(
            text in "[0-9*/,#LW?A-Za-z@ -]{0,60}",
            fields in prop::collection::vec("(\\*|[0-9]{1,2}|[1-5]-[6-7]|\\*/[0-9]{1,3}|L|[0-9]L|[0-9]#[0-9]|15W)", 5),
        ) {
            for cron in [text, fields.join(" ")] {
                if parse_cron(&cron).is_ok() {
                    next(&cron, "2026-01-31T09:30:00Z");
                }
            }
        }
    }
}
