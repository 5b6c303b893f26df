//! The tags by which a get-or-create finds an object.

use rusqlite::{Connection, named_params};

use super::tags::{TagTable, Tags};
use crate::kernel::Result;

/// Maximum number of objects with one tag that a search reads. The search can run in a write transaction, which others
/// wait for. A tag that more objects have identifies none of them.
pub(in crate::domain) const MAX_CANDIDATES: usize = 1_000;

/// The tags that an object must have.
#[derive(Debug, Clone)]
pub(in crate::domain) struct TagMatch {
    tags: Tags,
    /// True if the object must have no other tags.
    is_whole: bool,
}

impl TagMatch {
    /// Selects the tags that are named; all of them, as a whole set, if none is. An integration (`own`) may name its
    /// tags without its prefix.
    // wire: names that are not among the tags are ignored, because nothing says what they select
    // (botpress-today.md §5)
    pub(in crate::domain) fn new(tags: &Tags, names: Option<&[String]>, own: Option<&str>) -> Self {
        let selected = tags.select(names.unwrap_or_default(), own);
        match selected.is_empty() {
            true => Self {
                tags: tags.clone(),
                is_whole: true,
            },
            false => Self {
                tags: selected,
                is_whole: false,
            },
        }
    }

    /// True if the object must have exactly these tags.
    pub(in crate::domain) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Returns the tags.
    pub(in crate::domain) const fn tags(&self) -> &Tags {
        &self.tags
    }

    /// Returns the SQL condition on a column with tags. `:tags` is the canonical text of the tags.
    pub(in crate::domain) fn condition_sql(&self, column: &str) -> String {
        match self.is_whole {
            true => format!("{column} = :tags"),
            false => format!(
                "NOT EXISTS (SELECT key, value FROM json_each(:tags) \
                 EXCEPT SELECT key, value FROM json_each({column}))"
            ),
        }
    }

    /// Returns the tag that the fewest objects have, and the number of these objects up to `limit`; `None` without
    /// tags. Every match has this tag.
    pub(in crate::domain) fn find_rarest(
        &self,
        conn: &Connection,
        table: TagTable,
        agent_seq: i64,
        limit: usize,
    ) -> Result<Option<(&str, &str, usize)>> {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE agent_seq = :agent_seq AND name = :name \
             AND value = :value LIMIT :limit)",
            table.name()
        );
        let mut rarest: Option<(&str, &str, usize)> = None;
        for (name, value) in self.tags.iter() {
            let parameters = named_params! {
                ":agent_seq": agent_seq,
                ":name": name,
                ":value": value,
                ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            };
            let mut count = conn.prepare_cached(&sql)?;
            let count: i64 = count.query_row(parameters, |row| row.get(0))?;
            let count = usize::try_from(count).unwrap_or(limit);
            if rarest.is_none_or(|(.., fewest)| count < fewest) {
                rarest = Some((name, value, count));
            }
        }
        Ok(rarest)
    }
}
