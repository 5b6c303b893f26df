//! Reads messages from the memtables and merges them with those from the index tables.

use std::cmp::Reverse;

use rusqlite::{Connection, ToSql};

use super::{COLUMNS, JOINS, Message, from_row, index::MatchingRows};
use crate::{
    domain::shared::paging::{PAGE_QUERY_ROWS, PAGE_SIZE, Page},
    kernel::Result,
};

/// Returns the newest messages of the memtables for which `condition` holds: up to a page and one more from
/// each memtable.
pub(in crate::domain) fn read_newest(
    conn: &Connection,
    found: MatchingRows<'_>,
    condition: &str,
    parameters: &[(&str, &dyn ToSql)],
) -> Result<Vec<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM json_each(:found) AS found \
         CROSS JOIN messages ON messages.seq = found.value {JOINS} WHERE {condition}"
    );
    let wanted = usize::try_from(PAGE_QUERY_ROWS).unwrap_or(PAGE_SIZE);
    let mut rows = Vec::new();
    for mut part in found {
        let mut of_part = 0;
        while of_part < wanted {
            let some: Vec<i64> = part.by_ref().take(wanted).collect();
            if some.is_empty() {
                break;
            }
            let before = rows.len();
            let some = to_json_array(some);
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

/// Encodes row ids as a parameter for `json_each`.
pub(in crate::domain) fn to_json_array(rows: impl IntoIterator<Item = i64>) -> String {
    serde_json::Value::from_iter(rows).to_string()
}

/// Merges two lists of messages in list order. The index tables may already have rows of a memtable, so
/// duplicates are removed.
pub(in crate::domain) fn merge_rows<K: Ord>(
    mut rows: Vec<Message>,
    recent: Vec<Message>,
    key: impl Fn(&Message) -> K,
) -> Vec<Message> {
    if !recent.is_empty() {
        rows.extend(recent);
        rows.sort_by_key(|message| Reverse((key(message), message.seq)));
        rows.dedup_by_key(|message| message.seq);
    }
    rows
}

/// Merges a page from the index tables with messages from the memtables.
pub(super) fn merge_into_page<K: Ord>(
    page: Page<Message>,
    recent: Vec<Message>,
    key: impl Fn(&Message) -> K,
) -> Page<Message> {
    if recent.is_empty() {
        return page;
    }
    let mut items = merge_rows(page.items, recent, key);
    let is_more = page.next.is_some() || items.len() > PAGE_SIZE;
    items.truncate(PAGE_SIZE);
    let next = items.last().filter(|_| is_more).map(Message::page_token);
    Page { items, next }
}
