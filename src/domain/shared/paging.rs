//! Pages of lists that are sorted from new to old.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::{Row, Rows};

use crate::kernel::{Error, Result, Rule, Timestamp, Violation};

/// Number of items on a page.
pub const PAGE_SIZE: usize = 20;
/// Number of rows that a query reads for a page. The additional row shows that there is a next page.
pub(in crate::domain) const PAGE_QUERY_ROWS: i64 = PAGE_SIZE as i64 + 1;

/// Maximum number of rows that a list reads on the calling thread, those that it skips included.
pub(in crate::domain) const SHORT_PAGE_ROWS: u64 = 50;

/// Position at which a page ends: the next page contains older rows. Rows that are inserted later are newer, so they
/// do not move the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// Time of creation of the page's last row.
    pub(in crate::domain) created_at: Timestamp,
    /// Row number of the page's last row.
    pub(in crate::domain) seq: i64,
    /// Tie-breaker for rows with the same position; 0 if there are none.
    pub(in crate::domain) tie_breaker: i64,
}

impl PageToken {
    /// Position before the first row of a list.
    pub(in crate::domain) const START: Self = Self {
        created_at: Timestamp::from_micros(i64::MAX),
        seq: i64::MAX,
        tie_breaker: i64::MAX,
    };

    /// Returns the position of a row.
    pub(in crate::domain) const fn for_row(created_at: Timestamp, seq: i64) -> Self {
        Self {
            created_at,
            seq,
            tie_breaker: 0,
        }
    }

    /// Parses a token from a previous page.
    ///
    /// # Errors
    /// `Invalid` for any other text.
    pub fn parse(text: &str) -> Result<Self> {
        let broken = || {
            let rule = Rule::Other("must be a token from a previous page".to_owned());
            Error::from(Violation::query("nextToken", rule))
        };
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| broken())?;
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 8).and_then(|part| part.try_into().ok());
            bytes.map(i64::from_be_bytes).ok_or_else(broken)
        };
        if bytes.len() != 24 {
            return Err(broken());
        }
        Ok(Self {
            created_at: Timestamp::from_micros(number(0)?),
            seq: number(8)?,
            tie_breaker: number(16)?,
        })
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [self.created_at.as_micros(), self.seq, self.tie_breaker];
        let bytes = numbers.map(i64::to_be_bytes).concat();
        f.write_str(&BASE64_STANDARD.encode(bytes))
    }
}

/// Page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Items, newest first.
    pub items: Vec<T>,
    /// Position of the next page; `None` on the last page.
    pub next: Option<PageToken>,
}

impl<T> Page<T> {
    /// Returns a page without items.
    pub(in crate::domain) const fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }

    /// Reads a page from a query that selects [`PAGE_QUERY_ROWS`] rows. The additional row is not parsed.
    pub(in crate::domain) fn read(
        mut rows: Rows<'_>,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        position: impl Fn(&T) -> PageToken,
    ) -> Result<Self> {
        let mut items = Vec::with_capacity(PAGE_SIZE);
        while let Some(row) = rows.next()? {
            if items.len() == PAGE_SIZE {
                let next = items.last().map(position);
                return Ok(Self { items, next });
            }
            items.push(read(row)?);
        }
        Ok(Self { items, next: None })
    }

    /// Creates a page from up to [`PAGE_QUERY_ROWS`] rows. The additional row is dropped.
    pub(in crate::domain) fn from_rows(
        mut rows: Vec<T>,
        position: impl Fn(&T) -> PageToken,
    ) -> Self {
        let more = rows.len() > PAGE_SIZE;
        rows.truncate(PAGE_SIZE);
        let next = rows.last().filter(|_| more).map(position);
        Self { items: rows, next }
    }
}
