//! Builds the SQL of lists that are sorted, newest first by default, and filtered by tags and time. Each set of filters has a
//! statement of its own, driven by the index that fits.

use std::{collections::BTreeMap, fmt::Display};

use rusqlite::{Connection, Row, ToSql};

use super::{
    list_filter::{Sort, TimeField, TimeRange},
    tags::{TagTable, resolve_filter_name},
};
use crate::{
    domain::{
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::request_auth::RequestContext,
    },
    kernel::{Result, Rule, Violation},
};

/// Checks that a list has at most `bots.max_filters` filters of one kind. Each filter adds a term to the
/// statement, and SQLite limits their number.
///
/// # Errors
/// `Invalid`; the message names the setting.
pub(in crate::domain) fn require_max_filters(
    call: &RequestContext,
    parameter: &str,
    filters: usize,
) -> Result<()> {
    let most = call.app().bot_settings().max_filters;
    if filters <= most {
        return Ok(());
    }
    let rule = format!("must have at most {most} values (bots.max_filters), and has {filters}");
    Err(Violation::query(parameter, Rule::Other(rule)).into())
}

/// A statement under construction.
pub(in crate::domain) struct ListQuery {
    /// Tables; the first one drives the join.
    from: String,
    conditions: Vec<String>,
    parameters: Vec<(String, Box<dyn ToSql>)>,
    /// Column with the row id, which sorts the list.
    order: String,
    sort: Sort,
    /// Column with the time that sorts the list before the row id, unless rows are in its order.
    time: Option<String>,
}

impl ListQuery {
    /// Starts a list of the rows in `from`. `order` is the column with the row id (`seq`) in the driving
    /// table.
    pub(in crate::domain) fn new(from: &str, order: &str) -> Self {
        Self {
            from: from.to_owned(),
            conditions: Vec::new(),
            parameters: Vec::new(),
            order: order.to_owned(),
            sort: Sort::default(),
            time: None,
        }
    }

    /// Starts a list of `table` that the first of these tags drives; `None` without tags.
    pub(in crate::domain) fn filtered_by_tags(
        table: &str,
        tagged: TagTable,
        agent_seq: i64,
        tags: &BTreeMap<String, String>,
        reader: Option<&str>,
    ) -> Option<Self> {
        let mut tags = tags.iter();
        let (name, value) = tags.next()?;
        let by = tagged.name();
        let from = format!("{by} AS first CROSS JOIN {table} ON {table}.seq = first.of_seq");
        let mut listing = Self::new(&from, "first.of_seq")
            .filter("first.agent_seq = :agent_seq")
            .filter("first.name = :tag_name AND first.value = :tag_value")
            .bind(":agent_seq", agent_seq)
            .bind(":tag_name", resolve_filter_name(name, reader))
            .bind(":tag_value", value.clone());
        for (index, (name, value)) in tags.enumerate() {
            listing = listing
                .filter(&format!(
                    "EXISTS (SELECT 1 FROM {by} AS more WHERE more.agent_seq = :agent_seq \
                     AND more.name = :name{index} AND more.value = :value{index} \
                     AND more.of_seq = first.of_seq)"
                ))
                .bind(&format!(":name{index}"), resolve_filter_name(name, reader))
                .bind(&format!(":value{index}"), value.clone());
        }
        Some(listing)
    }

    /// Sorts the list by a time of the rows of `table`. Rows are in the order of their creation.
    pub(in crate::domain) fn sort_by(mut self, table: &str, sort: Sort) -> Self {
        let time = format!("{table}.{}", sort.field.column());
        self.time = (sort.field != TimeField::CreatedAt).then_some(time);
        self.sort = sort;
        self
    }

    /// Adds a condition on a time of the rows of `table`.
    pub(in crate::domain) fn filter_by_time(
        self,
        table: &str,
        field: TimeField,
        range: TimeRange,
    ) -> Self {
        if range.is_unbounded() {
            return self;
        }
        let (from, until) = range.to_micros();
        let column = field.column();
        self.filter(&format!("{table}.{column} BETWEEN :from AND :until"))
            .bind(":from", from)
            .bind(":until", until)
    }

    /// Adds a join for columns of other tables.
    pub(in crate::domain) fn join(mut self, join: &str) -> Self {
        self.from.push(' ');
        self.from.push_str(join);
        self
    }

    /// Adds a condition.
    pub(in crate::domain) fn filter(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    /// Adds a condition on the integration that created the row, if there is one.
    pub(in crate::domain) fn filter_by_creator(self, table: &str, maker: Option<String>) -> Self {
        match maker {
            Some(maker) => self
                .filter(&format!("{table}.integration = :integration"))
                .bind(":integration", maker),
            None => self,
        }
    }

    /// Adds a condition on a status column, unless the list is empty. Statuses are words without quotes.
    pub(in crate::domain) fn filter_by_status(
        self,
        column: &str,
        statuses: &[impl Display],
    ) -> Self {
        if statuses.is_empty() {
            return self;
        }
        let words: Vec<_> = statuses.iter().map(|one| format!("'{one}'")).collect();
        self.filter(&format!("{column} IN ({})", words.join(", ")))
    }

    /// Adds the condition that a column has the row number of the row of `target` with this id, if there is one. The
    /// parameter is named like `target`.
    pub(in crate::domain) fn filter_by_row(
        self,
        column: &str,
        target: &str,
        id: Option<&(impl ToSql + Clone + 'static)>,
    ) -> Self {
        match id {
            Some(id) => self
                .filter(&format!(
                    "{column} = (SELECT seq FROM {target} WHERE id = :{target})"
                ))
                .bind(&format!(":{target}"), id.clone()),
            None => self,
        }
    }

    /// Binds a parameter.
    pub(in crate::domain) fn bind(mut self, name: &str, value: impl ToSql + 'static) -> Self {
        self.parameters.push((name.to_owned(), Box::new(value)));
        self
    }

    /// Reads the page after `after`.
    pub(in crate::domain) fn read_page<T>(
        self,
        conn: &Connection,
        columns: &str,
        after: Option<PageToken>,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        position: impl Fn(&T) -> PageToken,
    ) -> Result<Page<T>> {
        let after = after.unwrap_or_else(|| self.sort.start());
        let (side, direction) = match self.sort.ascending {
            true => (">", "ASC"),
            false => ("<", "DESC"),
        };
        let row = self.order.clone();
        let (listing, order) = match self.time.clone() {
            None => {
                let begins = format!("{row} {side} :after");
                (self.filter(&begins), format!("{row} {direction}"))
            }
            Some(time) => {
                let begins = format!("({time}, {row}) {side} (:after_time, :after)");
                let listing = self.filter(&begins).bind(":after_time", after.created_at);
                (listing, format!("{time} {direction}, {row} {direction}"))
            }
        };
        let listing = listing.bind(":after", after.seq);
        let sql = format!(
            "SELECT {columns} FROM {} WHERE {} ORDER BY {order} LIMIT {}",
            listing.from,
            listing.conditions.join(" AND "),
            PAGE_QUERY_ROWS,
        );
        let parameters: Vec<(&str, &dyn ToSql)> = listing
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), &**value))
            .collect();
        let mut statement = conn.prepare_cached(&sql)?;
        Page::read(statement.query(parameters.as_slice())?, read, position)
    }
}
