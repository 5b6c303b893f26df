//! Merges messages of the memtables with those that a statement found in the index tables.

use std::cmp::Reverse;

use rusqlite::{Connection, ToSql};

use super::{
    COLUMNS, JOINS, Message, from_row,
    index::{Candidates, ListOrder},
};
use crate::{
    domain::shared::paging::{PAGE_QUERY_ROWS, PAGE_SIZE, Page},
    kernel::Result,
};

impl Candidates<'_> {
    /// Merges the candidates for which `condition` holds into a page from the index tables.
    pub(super) fn merge_into_page(
        self,
        conn: &Connection,
        page: Page<Message>,
        condition: &str,
        parameters: &[(&str, &dyn ToSql)],
    ) -> Result<Page<Message>> {
        let mut items = self.merge_into_rows(conn, page.items, condition, parameters)?;
        let is_more = page.next.is_some() || items.len() > PAGE_SIZE;
        items.truncate(PAGE_SIZE);
        let next = items.last().filter(|_| is_more).map(Message::page_token);
        Ok(Page { items, next })
    }

    /// Merges the candidates for which `condition` holds into messages from the index tables, in list order: up to a
    /// page and one more from each memtable. A message that is in both is returned once.
    pub(super) fn merge_into_rows(
        self,
        conn: &Connection,
        mut rows: Vec<Message>,
        condition: &str,
        parameters: &[(&str, &dyn ToSql)],
    ) -> Result<Vec<Message>> {
        let order = self.order;
        let recent = self.read_newest(conn, condition, parameters)?;
        if !recent.is_empty() {
            rows.extend(recent);
            rows.sort_by_key(|message| {
                let at = match order {
                    ListOrder::Row => message.seq,
                    ListOrder::Time => message.created_at.as_micros(),
                };
                Reverse((at, message.seq))
            });
            rows.dedup_by_key(|message| message.seq);
        }
        Ok(rows)
    }

    fn read_newest(
        self,
        conn: &Connection,
        condition: &str,
        parameters: &[(&str, &dyn ToSql)],
    ) -> Result<Vec<Message>> {
        let wanted = usize::try_from(PAGE_QUERY_ROWS).unwrap_or(PAGE_SIZE);
        let mut rows = Vec::new();
        for mut part in self.parts {
            let mut of_part = 0;
            while of_part < wanted {
                let some: Vec<i64> = part.by_ref().take(wanted).collect();
                if some.is_empty() {
                    break;
                }
                let before = rows.len();
                let some = to_json_array(some);
                let sql = format!(
                    "SELECT {COLUMNS} FROM json_each(:found) AS found \
                     CROSS JOIN messages ON messages.seq = found.value {JOINS} WHERE {condition}"
                );
                let parameters = [&[(":found", &some as &dyn ToSql)], parameters].concat();
                let mut statement = conn.prepare_cached(&sql)?;
                for row in statement.query_map(parameters.as_slice(), from_row)? {
                    rows.push(row?);
                }
                of_part += rows.len() - before;
            }
        }
        Ok(rows)
    }
}

/// Encodes row ids as a parameter for `json_each`.
pub(super) fn to_json_array(rows: impl IntoIterator<Item = i64>) -> String {
    serde_json::Value::from_iter(rows).to_string()
}
