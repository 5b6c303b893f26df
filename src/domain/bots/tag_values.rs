//! Lists the values that a tag has in a bot.

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::{Connection, named_params};

use super::{
    author::Author,
    tags::{TagTable, resolve_filter_name},
};
use crate::{
    domain::{
        shared::paging::PAGE_SIZE,
        tenancy::request_auth::{ActingInstallation, RequestContext},
    },
    kernel::{Error, Result, Rule, Violation},
};

/// A page of distinct values, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuePage {
    /// The values.
    pub values: Vec<String>,
    /// Token of the next page; `None` on the last page.
    pub next_token: Option<String>,
}

/// Lists the distinct values of a tag in the call's bot. A bot names the tag in full. An integration sees only its own
/// tags, and may name them without its prefix.
///
/// # Errors
/// `Invalid` for a token that is not from a previous page; errors of the store.
pub async fn list(
    call: &RequestContext,
    table: TagTable,
    name: &str,
    next_token: Option<&str>,
) -> Result<ValuePage> {
    let author = Author::from_call(call)?;
    let own = author.integration();
    let name = resolve_filter_name(name, own.map(|own| own.name.as_str()));
    if own.is_some_and(|own| !is_tag_of(own, &name)) {
        return Ok(ValuePage::from_values(Vec::new()));
    }
    let after = next_token.map(parse_token).transpose()?;
    let index = call.app().message_index().snapshot();
    let agent_seq = author.bot().seq;
    call.app()
        .store()
        .scan(move |conn| {
            let after = after.unwrap_or_default();
            let mut values = list_stored(conn, table, agent_seq, (&name, &after))?;
            if table == TagTable::Message {
                let recent = index.list_tag_values(agent_seq, (&name, &after), PAGE_SIZE + 1);
                values.extend(recent);
                values.sort_unstable();
                values.dedup();
            }
            Ok(ValuePage::from_values(values))
        })
        .await
}

fn is_tag_of(own: &ActingInstallation, name: &str) -> bool {
    name.strip_prefix(&own.name)
        .is_some_and(|rest| rest.starts_with(':'))
}

/// Returns the values after `after`, up to a page and one more. One look-up for each value skips all objects that have
/// the same value.
fn list_stored(
    conn: &Connection,
    table: TagTable,
    agent_seq: i64,
    (name, after): (&str, &str),
) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT min(value) FROM {} WHERE agent_seq = :agent_seq AND name = :name AND value > :after",
        table.name()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut values: Vec<String> = Vec::new();
    while values.len() <= PAGE_SIZE {
        let last = values.last().map_or(after, String::as_str);
        let parameters = named_params! {":agent_seq": agent_seq, ":name": name, ":after": last};
        let next: Option<String> = statement.query_row(parameters, |row| row.get(0))?;
        match next {
            Some(value) => values.push(value),
            None => break,
        }
    }
    Ok(values)
}

impl ValuePage {
    /// Creates a page from up to a page of values and more. The additional values are dropped.
    fn from_values(mut values: Vec<String>) -> Self {
        let is_more = values.len() > PAGE_SIZE;
        values.truncate(PAGE_SIZE);
        let last = values.last().filter(|_| is_more);
        Self {
            next_token: last.map(|value| BASE64_STANDARD.encode(value)),
            values,
        }
    }
}

fn parse_token(text: &str) -> Result<String> {
    let bytes = BASE64_STANDARD.decode(text).ok();
    let value = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    value.ok_or_else(|| {
        let rule = Rule::Other("must be a token from a previous page".to_owned());
        Error::from(Violation::query("nextToken", rule))
    })
}
