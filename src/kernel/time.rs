//! Points in time, in the one form that the whole program stores and compares.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z.
///
/// No dialect shows a finer unit (Cohere's timestamps have six digits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Serializes an optional time for display, as RFC 3339 with milliseconds. Stored times are microseconds instead.
///
/// # Errors
/// Errors of the serializer.
pub fn serialize_rfc3339<S: Serializer>(
    at: &(impl Copy + Into<Option<Timestamp>>),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let at: Option<Timestamp> = (*at).into();
    at.map(Timestamp::to_rfc3339_millis).serialize(serializer)
}

impl Timestamp {
    /// Returns the point `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Whole UTC days since the epoch: the key of all daily counters.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.as_seconds().div_euclid(SECONDS_PER_DAY)
    }

    /// Time until the next UTC midnight. Never zero.
    #[must_use]
    pub fn time_until_next_day(self) -> Duration {
        let day = SECONDS_PER_DAY * MICROS_PER_SECOND;
        Duration::from_micros((day - self.0.rem_euclid(day)).unsigned_abs())
    }

    /// Returns this point moved later by `by`, saturating at the maximum.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// Returns this point moved earlier by `by`, saturating at the minimum.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// Returns the time from `earlier` to this point; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Formats as RFC 3339 in UTC with milliseconds and a `Z`: `2026-01-31T09:30:00.000Z`.
    #[must_use]
    pub fn to_rfc3339_millis(self) -> String {
        self.to_datetime()
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Formats as RFC 3339 in UTC with microseconds and a `Z`: `2026-01-31T09:30:00.000000Z`.
    #[must_use]
    pub fn to_rfc3339_micros(self) -> String {
        self.to_datetime()
            .to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// Formats as RFC 3339 in UTC with whole seconds and an offset: `2026-01-31T09:30:00+00:00`.
    #[must_use]
    pub fn to_rfc3339_offset(self) -> String {
        self.to_datetime()
            .to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// Parses an RFC 3339 date and time with any offset.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| Self(at.timestamp_micros()))
    }

    /// Parses a date in HTTP's format: `Sun, 06 Nov 1994 08:49:37 GMT`.
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc2822(text)
            .ok()
            .map(|at| Self(at.timestamp_micros()))
    }

    fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_else(|| {
            NaiveDate::MAX
                .and_hms_opt(0, 0, 0)
                .expect("midnight exists")
                .and_utc()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_rfc3339() {
        let at = Timestamp::from_micros(1_614_265_330_123_456);
        assert_eq!(at.to_rfc3339_millis(), "2021-02-25T15:02:10.123Z");
        assert_eq!(at.to_rfc3339_micros(), "2021-02-25T15:02:10.123456Z");
        assert_eq!(at.to_rfc3339_offset(), "2021-02-25T15:02:10+00:00");
        assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339_micros()), Some(at));
        assert_eq!(
            Timestamp::parse_rfc3339("2021-02-25T17:02:10.123456+02:00"),
            Some(at)
        );
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn reads_http_dates() {
        let at = Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at.map(Timestamp::as_seconds), Some(784_111_777));
        assert_eq!(Timestamp::parse_http_date("120"), None);
    }

    #[test]
    fn a_day_ends_at_utc_midnight() {
        let at = Timestamp::parse_rfc3339("2026-02-28T23:59:59Z").expect("a date");
        assert_eq!(at.time_until_next_day(), Duration::from_secs(1));
        assert_eq!(at.plus(Duration::from_secs(1)).day(), at.day() + 1);
        assert_eq!(
            at.plus(Duration::from_secs(1)).time_until_next_day(),
            Duration::from_secs(86_400)
        );
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for end in [i64::MIN, i64::MAX] {
            let end = Timestamp::from_micros(end);
            assert!(end.to_rfc3339_millis().len() > 4);
            assert!(end.time_until_next_day() <= Duration::from_secs(86_400));
        }
        assert_eq!(
            Timestamp::from_micros(i64::MAX).plus(Duration::MAX),
            Timestamp::from_micros(i64::MAX)
        );
    }
}
