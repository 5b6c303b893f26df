//! Filters by time and sort orders that lists have in common.

use crate::{domain::shared::paging::PageToken, kernel::Timestamp};

/// A range of times. Both ends belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Start; none means any time.
    pub from: Option<Timestamp>,
    /// End; none means any time.
    pub until: Option<Timestamp>,
}

/// A time of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeField {
    /// Time of creation.
    #[default]
    CreatedAt,
    /// Time of the last update.
    UpdatedAt,
}

/// The sort order of a list. Objects with the same time are sorted by their rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// Time that sorts the list.
    pub field: TimeField,
    /// True if the list begins with the oldest object.
    pub ascending: bool,
}

const MICROS_PER_MILLI: i64 = 1_000;

impl TimeRange {
    /// True if every time belongs to the range.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        *self == Self::default()
    }

    /// Returns both ends in microseconds. APIs show milliseconds, so the range contains the whole last one.
    pub(in crate::domain) fn to_micros(self) -> (i64, i64) {
        let until = self.until.map(|until| {
            let millis = until.as_micros().div_euclid(MICROS_PER_MILLI);
            millis.saturating_add(1).saturating_mul(MICROS_PER_MILLI) - 1
        });
        (
            self.from.map_or(i64::MIN, Timestamp::as_micros),
            until.unwrap_or(i64::MAX),
        )
    }
}

impl TimeField {
    /// Returns the name of the column.
    pub(in crate::domain) const fn column(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

impl Sort {
    /// Returns the position before the first row.
    pub(in crate::domain) const fn start(self) -> PageToken {
        match self.ascending {
            true => PageToken::for_row(Timestamp::from_micros(i64::MIN), i64::MIN),
            false => PageToken::START,
        }
    }

    /// Returns the cursor of a row with these times.
    pub(in crate::domain) const fn page_token(
        self,
        (created_at, updated_at): (Timestamp, Timestamp),
        seq: i64,
    ) -> PageToken {
        match self.field {
            TimeField::CreatedAt => PageToken::for_row(created_at, seq),
            TimeField::UpdatedAt => PageToken::for_row(updated_at, seq),
        }
    }
}
