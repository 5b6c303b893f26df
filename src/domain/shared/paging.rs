//! Positions in lists that are newest first.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::{Row, Rows};

use crate::kernel::{Error, Result, Rule, Timestamp, Violation};

/// The size of a page.
pub const PAGE: usize = 20;
/// How many rows are read for a page: one more, which says whether there is a next one.
pub(in crate::domain) const ROWS: i64 = PAGE as i64 + 1;

/// Where a page of a list ended: what comes next is older. Rows that are added later are newer, and
/// so do not move what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// When the last row of the page was created.
    pub(in crate::domain) created_at: Timestamp,
    /// Its row.
    pub(in crate::domain) seq: i64,
    /// What tells rows apart that stand in one place: 0 where none do.
    pub(in crate::domain) sub: i64,
}

impl Token {
    /// What every row of a list comes after.
    pub(in crate::domain) const START: Self = Self {
        created_at: Timestamp::from_micros(i64::MAX),
        seq: i64::MAX,
        sub: i64::MAX,
    };

    /// The position of a row.
    pub(in crate::domain) const fn at(created_at: Timestamp, seq: i64) -> Self {
        Self {
            created_at,
            seq,
            sub: 0,
        }
    }

    /// Reads a token that a list has given.
    ///
    /// # Errors
    /// `Invalid` for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let broken = || {
            let rule = Rule::Other("must be a token that a list has given".to_owned());
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
            sub: number(16)?,
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [self.created_at.as_micros(), self.seq, self.sub];
        let bytes = numbers.map(i64::to_be_bytes).concat();
        f.write_str(&BASE64_STANDARD.encode(bytes))
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; none if this is the last one.
    pub next: Option<Token>,
}

impl<T> Page<T> {
    /// A page of a list that has nothing.
    pub(in crate::domain) const fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }

    /// A page of the rows of a query for one more than the page has: that one is not read, only seen
    /// to be there.
    pub(in crate::domain) fn read(
        mut rows: Rows<'_>,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        position: impl Fn(&T) -> Token,
    ) -> Result<Self> {
        let mut items = Vec::with_capacity(PAGE);
        while let Some(row) = rows.next()? {
            if items.len() == PAGE {
                let next = items.last().map(position);
                return Ok(Self { items, next });
            }
            items.push(read(row)?);
        }
        Ok(Self { items, next: None })
    }

    /// A page of rows, of which one more was read than the page has: whether it is there says
    /// whether there is a next page.
    pub(in crate::domain) fn of(mut rows: Vec<T>, position: impl Fn(&T) -> Token) -> Self {
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(position);
        Self { items: rows, next }
    }
}
