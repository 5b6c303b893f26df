//! Lists files.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::{Connection, ToSql, types::Value as SqlValue};
use serde_json::{Value, json};

use super::{
    File,
    access::{IS_VISIBLE, Viewer},
    rows,
    tag_filter::{Parameter, TagFilter},
};
use crate::{
    domain::{
        shared::paging::{PAGE_QUERY_ROWS, PAGE_SIZE},
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Result, Rule, Timestamp, Violation, ids::FileId},
};

/// Maximum number of ids in a filter.
const MAX_IDS: usize = 50;

/// Field that a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortField {
    /// Key.
    Key,
    /// Size; files without bytes come first.
    Size,
    /// Time of creation.
    #[default]
    CreatedAt,
    /// Time of the last change.
    UpdatedAt,
    /// Status.
    Status,
}

impl SortField {
    const fn sql(self) -> &'static str {
        match self {
            Self::Key => "files.key",
            Self::Size => "coalesce(files.size, -1)",
            Self::CreatedAt => "files.created_at",
            Self::UpdatedAt => "files.updated_at",
            Self::Status => "files.status",
        }
    }

    fn value_of(self, file: &File) -> Value {
        match self {
            Self::Key => json!(file.key),
            Self::Size => json!(
                file.size
                    .map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX))
            ),
            Self::CreatedAt => json!(file.created_at.as_micros()),
            Self::UpdatedAt => json!(file.updated_at.as_micros()),
            Self::Status => json!(file.status.as_str()),
        }
    }
}

/// Order of a list; newest creation first by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// Field.
    pub field: SortField,
    /// True for the smallest value first.
    pub ascending: bool,
}

/// Selection of files.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Conditions on tags.
    pub tags: TagFilter,
    /// Ids.
    pub ids: Option<Vec<FileId>>,
    /// True for files that are to be indexed, false for the others.
    pub indexed: Option<bool>,
}

/// Position at which a page ends: the sorted value and the row of its last file.
#[derive(Debug, Clone, PartialEq)]
pub struct ListCursor(Value, i64);

impl ListCursor {
    /// Parses a token from a previous page.
    ///
    /// # Errors
    /// `Invalid` for any other text.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok();
        let parts = bytes.and_then(|bytes| serde_json::from_slice::<(Value, i64)>(&bytes).ok());
        match parts {
            Some((value, seq)) if value.is_string() || value.is_i64() => Ok(Self(value, seq)),
            _ => Err(cursor_error()),
        }
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(json!([self.0, self.1]).to_string()))
    }
}

fn cursor_error() -> Error {
    let rule = Rule::Other("must be a token from a previous page".to_owned());
    Violation::query("nextToken", rule).into()
}

/// Lists the files that the caller sees, a page at a time. Returns the cursor of the next page, if there is one.
///
/// # Errors
/// `Invalid` for too many ids, and errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    sort: Sort,
    after: Option<ListCursor>,
) -> Result<(Vec<File>, Option<ListCursor>)> {
    let ids = filter.ids.as_deref().unwrap_or_default();
    if ids.len() > MAX_IDS {
        return Err(Violation::query("ids", Rule::MaxLength(MAX_IDS as u64)).into());
    }
    let viewer = Viewer::from_call(call)?;
    let now = call.app().clock().now();
    // Other orders and filters may read any number of rows.
    let is_short = sort.field == SortField::CreatedAt
        && filter.tags.0.is_empty()
        && filter.indexed.is_none()
        && viewer.integration.is_none();
    let page = call.app().store().read_page(is_short, move |conn| {
        let mut files = read(conn, &viewer, (&filter, sort, after), now)?;
        let has_more = files.len() > PAGE_SIZE;
        files.truncate(PAGE_SIZE);
        let last = files.last().filter(|_| has_more);
        let next = last.map(|last| ListCursor(sort.field.value_of(last), last.seq));
        Ok((files, next))
    });
    page.await
}

fn read(
    conn: &Connection,
    viewer: &Viewer,
    (filter, sort, after): (&Filter, Sort, Option<ListCursor>),
    now: Timestamp,
) -> Result<Vec<File>> {
    let (tags, mut parameters) = filter.tags.to_sql();
    let mut conditions = format!("{IS_VISIBLE}{tags}");
    parameters.extend(viewer_parameters(viewer, now));
    if let Some(indexed) = filter.indexed {
        conditions.push_str(" AND files.indexed = :indexed");
        parameters.push((":indexed".to_owned(), Box::new(indexed)));
    }
    if let Some(ids) = &filter.ids {
        conditions.push_str(" AND files.id IN (SELECT value FROM json_each(:ids))");
        let ids = serde_json::to_string(ids).unwrap_or_default();
        parameters.push((":ids".to_owned(), Box::new(ids)));
    }
    let (side, direction) = match sort.ascending {
        true => (">", "ASC"),
        false => ("<", "DESC"),
    };
    let column = sort.field.sql();
    if let Some(ListCursor(value, seq)) = after {
        let is_text = matches!(sort.field, SortField::Key | SortField::Status);
        let value = match value {
            Value::String(text) if is_text => SqlValue::Text(text),
            Value::Number(number) if !is_text => {
                SqlValue::Integer(number.as_i64().ok_or_else(cursor_error)?)
            }
            _ => return Err(cursor_error()),
        };
        conditions.push_str(&format!(
            " AND ({column}, files.seq) {side} (:after, :after_seq)"
        ));
        parameters.push((":after".to_owned(), Box::new(value)));
        parameters.push((":after_seq".to_owned(), Box::new(seq)));
    }
    let sql = format!(
        "{} WHERE {conditions} ORDER BY {column} {direction}, files.seq {direction} \
         LIMIT {PAGE_QUERY_ROWS}",
        rows::SELECT
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let parameters = borrow_parameters(&parameters);
    let files = statement.query_map(parameters.as_slice(), |row| {
        rows::from_row(row, &viewer.bot.id)
    })?;
    Ok(files.collect::<rusqlite::Result<_>>()?)
}

/// Returns the parameters of [`IS_VISIBLE`].
pub(super) fn viewer_parameters(viewer: &Viewer, now: Timestamp) -> [Parameter; 3] {
    [
        (":agent_seq".to_owned(), Box::new(viewer.bot.seq)),
        (
            ":integration".to_owned(),
            Box::new(viewer.integration.clone()),
        ),
        (":now".to_owned(), Box::new(now)),
    ]
}

/// Returns parameters as a statement takes them.
pub(super) fn borrow_parameters(parameters: &[Parameter]) -> Vec<(&str, &dyn ToSql)> {
    let parameters = parameters.iter();
    parameters
        .map(|(name, value)| (name.as_str(), &**value as &dyn ToSql))
        .collect()
}
