//! Finds rows: by id or key, by a filter, by words, sorted or grouped.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::{
    filter::Filter,
    group, keys,
    rows::{self, Row, RowPage, StoredRow},
    scan::{self, ScanLimits},
    search, sort,
    table::{self, Table},
};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Result, Rule, Violation, schema::truncate_text},
};

/// Number of rows that a page without a scan reads on the calling thread.
const MAX_INLINE_ROWS: usize = 100;
/// Number of rows that ids or keys find directly.
const MAX_CANDIDATES: usize = 1_000;

/// A query of rows.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Maximum number of rows.
    pub limit: usize,
    /// Number of rows to skip.
    pub offset: u64,
    /// Filter in the language of MongoDB's queries.
    pub filter: Option<Map<String, Value>>,
    /// Columns by which rows are grouped, and the numbers of the groups.
    pub group: Option<Map<String, Value>>,
    /// Words by which rows are sorted.
    pub search: Option<String>,
    /// Paths of the shown values; `None` for all.
    pub select: Option<Vec<String>>,
    /// Name of the column or the member that sorts the rows.
    pub order_by: String,
    /// True for the reverse order.
    pub is_descending: bool,
}

/// A page of rows.
#[derive(Debug, Default)]
pub struct FoundRows {
    /// The rows.
    pub rows: Vec<Row>,
    /// True if there are more.
    pub has_more: bool,
    /// Parts of the query without an effect.
    pub warnings: Vec<String>,
}

/// A query with its filter.
pub(super) struct Search {
    pub(super) query: Query,
    pub(super) filter: Filter,
    /// True if the filter reads the times of rows.
    pub(super) reads_times: bool,
}

impl Search {
    /// True for a row that the filter selects.
    pub(super) fn selects(&self, table: &Table, row: &StoredRow) -> bool {
        self.query.filter.is_none()
            || self
                .filter
                .matches(&row.to_members(table, self.reads_times))
    }

    /// Cuts a page out of sorted rows, of which one more than the page may be there.
    pub(super) fn cut<T>(&self, mut sorted: Vec<T>) -> (Vec<T>, bool) {
        let offset = usize::try_from(self.query.offset).unwrap_or(usize::MAX);
        let mut page = sorted.split_off(offset.min(sorted.len()));
        let has_more = page.len() > self.query.limit;
        page.truncate(self.query.limit);
        (page, has_more)
    }
}

/// Returns a row of a table of the call's bot.
///
/// # Errors
/// `NotFound` for the table or the row, and errors of the store.
pub fn get_row(call: &RequestContext, table: &str, id: i64) -> Result<Row> {
    let agent_seq = call.agent()?.seq;
    call.app().store().read(|conn| {
        let table = table::find(conn, agent_seq, table)?;
        let found = rows::find(conn, &table, id)?;
        let found = found.ok_or_else(|| Error::not_found(format!("Row {id} not found")))?;
        Ok(found.into_shown(&table))
    })
}

/// Returns a page of the rows of a table of the call's bot.
///
/// # Errors
/// `NotFound`; `Invalid` for a query that cannot be read, or needs more rows or time than the settings allow; errors of
/// the store.
pub async fn find_rows(call: &RequestContext, table: &str, query: Query) -> Result<FoundRows> {
    let agent_seq = call.agent()?.seq;
    let app = call.app();
    let table = app
        .store()
        .read(|conn| table::find(conn, agent_seq, table))?;
    let filter = Filter::parse(&query.filter.clone().unwrap_or_default())?;
    let mut reads_times = false;
    let mut unknown = BTreeSet::new();
    filter.for_each_path(&mut |path| {
        reads_times |= path == "createdAt" || path == "updatedAt";
        if !is_known_path(&table, path) {
            unknown.insert(truncate_text(path, 60));
        }
    });
    require_order(&table, &query)?;
    let candidates = find_candidates(&table, &filter);
    let is_plain = query.group.is_none() && query.search.is_none();
    let is_short = is_plain
        && query.limit <= MAX_INLINE_ROWS
        && match &candidates {
            Some(candidates) => candidates.len() <= MAX_INLINE_ROWS,
            None => query.filter.is_none() && query.order_by == "id" && query.offset < 1_000,
        };
    let limits = ScanLimits::of(app);
    let search = Search {
        query,
        filter,
        reads_times,
    };
    let found = app.store().read_page(is_short, move |conn| {
        run_query(conn, &table, &search, candidates, &limits)
    });
    let mut found = found.await?;
    let warning = |path| format!("The filter names \"{path}\", which is no column of the table");
    found
        .warnings
        .extend(unknown.into_iter().take(20).map(warning));
    Ok(found)
}

fn run_query(
    conn: &Connection,
    table: &Table,
    search: &Search,
    candidates: Option<Vec<Candidate>>,
    limits: &ScanLimits,
) -> Result<FoundRows> {
    let query = &search.query;
    if let Some(group) = &query.group {
        return group::find_groups(conn, table, search, group, limits);
    }
    let (rows, has_more) = if let Some(text) = &query.search {
        search::find_similar(conn, table, search, text, limits)?
    } else if let Some(candidates) = candidates {
        let found = read_candidates(conn, table, search, &candidates)?;
        let (page, has_more) = search.cut(sort::sort_rows(table, query, found));
        (show(table, page), has_more)
    } else if query.order_by != "id" {
        let found = sort::find_sorted(conn, table, search, limits)?;
        (show(table, found.0), found.1)
    } else {
        let found = find_in_order(conn, table, search, limits)?;
        (show(table, found.0), found.1)
    };
    let mut rows = rows;
    if let Some(paths) = &query.select {
        rows.iter_mut().for_each(|row| row.select(paths));
    }
    Ok(FoundRows {
        rows,
        has_more,
        warnings: Vec::new(),
    })
}

fn show(table: &Table, rows: Vec<StoredRow>) -> Vec<Row> {
    rows.into_iter().map(|row| row.into_shown(table)).collect()
}

/// Reads a page in the order of ids.
fn find_in_order(
    conn: &Connection,
    table: &Table,
    search: &Search,
    limits: &ScanLimits,
) -> Result<(Vec<StoredRow>, bool)> {
    let query = &search.query;
    let mut page = if query.filter.is_none() {
        let part = (query.offset, query.limit.saturating_add(1));
        scan::read_page(conn, table, query.is_descending, part)?
    } else {
        let mut page = RowPage::default();
        let mut skipped = 0;
        scan::for_each_row(conn, table, query.is_descending, limits, |row| {
            if !search.selects(table, &row) {
                return Ok(true);
            }
            if skipped < query.offset {
                skipped += 1;
                return Ok(true);
            }
            page.push(row)?;
            Ok(page.rows.len() <= query.limit)
        })?;
        page.rows
    };
    let has_more = page.len() > query.limit;
    page.truncate(query.limit);
    Ok((page, has_more))
}

/// Something that finds at most one row directly.
#[derive(Debug, Clone)]
enum Candidate {
    Id(i64),
    Key(Value),
}

/// Returns what finds all rows that a filter can select, if its ids or keys do.
fn find_candidates(table: &Table, filter: &Filter) -> Option<Vec<Candidate>> {
    let ids = filter.required_values("id").and_then(|values| {
        let id = |value: &Value| value.as_i64().map(Candidate::Id);
        values.iter().map(id).collect::<Option<Vec<_>>>()
    });
    let keys = || {
        let values = filter.required_values(&table.key_column()?.name)?;
        // Rows without a key are in no index.
        let key = |value: &Value| keys::to_sql_value(value).map(|_| Candidate::Key(value.clone()));
        values.iter().map(key).collect::<Option<Vec<_>>>()
    };
    ids.or_else(keys)
        .filter(|found| found.len() <= MAX_CANDIDATES)
}

/// Reads the rows that the filter selects of the candidates, in the order of ids.
fn read_candidates(
    conn: &Connection,
    table: &Table,
    search: &Search,
    candidates: &[Candidate],
) -> Result<Vec<StoredRow>> {
    let mut ids = BTreeSet::new();
    for candidate in candidates {
        ids.extend(match candidate {
            Candidate::Id(id) => Some(*id),
            Candidate::Key(value) => keys::find_row(conn, table, value)?,
        });
    }
    let mut found = RowPage::default();
    for id in ids {
        let row = rows::find(conn, table, id)?;
        if let Some(row) = row.filter(|row| search.selects(table, row)) {
            found.push(row)?;
        }
    }
    Ok(found.rows)
}

/// True for a path that begins with a column or a member that every row has.
fn is_known_path(table: &Table, path: &str) -> bool {
    let (first, _) = path.split_once('.').unwrap_or((path, ""));
    ["id", "createdAt", "updatedAt"].contains(&path) || table.columns.find(first).is_some()
}

fn require_order(table: &Table, query: &Query) -> Result<()> {
    let name = query.order_by.as_str();
    if ["id", "createdAt", "updatedAt"].contains(&name) || table.columns.find(name).is_some() {
        return Ok(());
    }
    let rule = "must be \"id\", \"createdAt\", \"updatedAt\" or the name of a column";
    Err(Violation::query("orderBy", Rule::Other(rule.to_owned())).into())
}
