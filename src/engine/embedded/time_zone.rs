//! Time zones, for `Intl`.

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetName, Tz};

/// Returns the offset of a zone from UTC in minutes, and its abbreviation, at a time in milliseconds, as a JSON
/// array. Returns `None` for an unknown zone.
#[expect(clippy::cast_possible_truncation, reason = "far beyond any date")]
pub(super) fn offset_at(name: &str, milliseconds: f64) -> Option<String> {
    let zone = name.parse::<Tz>().ok()?;
    let time = DateTime::<Utc>::from_timestamp_millis(milliseconds as i64)?;
    let offset = zone.offset_from_utc_datetime(&time.naive_utc());
    let minutes = offset.fix().local_minus_utc() / 60;
    Some(serde_json::json!([minutes, offset.abbreviation()]).to_string())
}
