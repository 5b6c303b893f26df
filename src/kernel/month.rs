//! Calendar months in UTC: the periods of usage counts and invoices.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate};

use super::Timestamp;

/// A calendar month in UTC. Its text form is `2026-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    /// From 1 to 12.
    month: u32,
}

impl Month {
    /// Returns the month that contains `at`.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = DateTime::from_timestamp_micros(at.as_micros()).unwrap_or_default();
        Self {
            year: date.year(),
            month: date.month(),
        }
    }

    /// Parses a month (`2026-03`), a date (`2026-03-31`) or a date and time; of the latter two it takes the month.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(at) = Timestamp::parse_rfc3339(text) {
            return Some(Self::of(at));
        }
        let date = if text.len() == 7 {
            format!("{text}-01")
        } else {
            text.to_owned()
        };
        let date = NaiveDate::parse_from_str(&date, "%Y-%m-%d").ok()?;
        Some(Self {
            year: date.year(),
            month: date.month(),
        })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month of the year, from 1 to 12.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.month
    }

    /// Returns the first instant of the month.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let day = NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or_default();
        let at = day.and_time(chrono::NaiveTime::MIN).and_utc();
        Timestamp::from_micros(at.timestamp_micros())
    }

    /// Returns the first instant after the month.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// Returns the month after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.month {
            12 => Self {
                year: self.year + 1,
                month: 1,
            },
            month => Self {
                year: self.year,
                month: month + 1,
            },
        }
    }

    /// Returns the month before this one.
    #[must_use]
    pub const fn previous(self) -> Self {
        match self.month {
            1 => Self {
                year: self.year - 1,
                month: 12,
            },
            month => Self {
                year: self.year,
                month: month - 1,
            },
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_follow_each_other() {
        let month = Month::parse("2025-12").expect("a month");
        assert_eq!(month.to_string(), "2025-12");
        assert_eq!(month.next().to_string(), "2026-01");
        assert_eq!(month.next().previous(), month);
        assert_eq!(month.end().to_rfc3339_millis(), "2026-01-01T00:00:00.000Z");
        assert_eq!(Month::of(month.start()), month);
        for same in ["2025-12-31", "2025-12-31T23:59:59.999Z"] {
            assert_eq!(Month::parse(same), Some(month), "{same}");
        }
        for bad in ["", "2025", "2025-13", "december", "2025-1"] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }
}
