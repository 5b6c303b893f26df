//! Lists the names of the tags that files have, and the values of a tag.

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::named_params;

use super::access::{IS_VISIBLE, Viewer};
use crate::{
    domain::{
        shared::paging::{PAGE_QUERY_ROWS, PAGE_SIZE},
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Result, Rule, Violation},
};

/// A page of distinct texts, in their order, and the token of the next page.
pub type TextPage = (Vec<String>, Option<String>);

/// Lists the names of the tags of the files that the caller sees.
///
/// # Errors
/// `Invalid` for a token that is not from a previous page; errors of the store.
pub async fn list_names(call: &RequestContext, next_token: Option<&str>) -> Result<TextPage> {
    list(call, "name", None, next_token).await
}

/// Lists the values of a tag of the files that the caller sees.
///
/// # Errors
/// `Invalid` for a token that is not from a previous page; errors of the store.
pub async fn list_values(
    call: &RequestContext,
    name: &str,
    next_token: Option<&str>,
) -> Result<TextPage> {
    list(call, "value", Some(name.to_owned()), next_token).await
}

async fn list(
    call: &RequestContext,
    column: &'static str,
    name: Option<String>,
    next_token: Option<&str>,
) -> Result<TextPage> {
    let viewer = Viewer::from_call(call)?;
    let after = next_token.map(parse_token).transpose()?;
    let now = call.app().clock().now();
    call.app()
        .store()
        .scan(move |conn| {
            let sql = format!(
                "SELECT DISTINCT tags.{column} FROM file_tags AS tags
                 JOIN files ON files.seq = tags.file_seq
                 WHERE tags.agent_seq = :agent_seq AND (:name IS NULL OR tags.name = :name)
                   AND tags.{column} > :after AND {IS_VISIBLE}
                 ORDER BY tags.{column} LIMIT {PAGE_QUERY_ROWS}"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let parameters = named_params! {
                ":agent_seq": viewer.bot.seq,
                ":integration": viewer.integration,
                ":now": now,
                ":name": name,
                ":after": after.unwrap_or_default(),
            };
            let texts = statement.query_map(parameters, |row| row.get(0))?;
            let mut texts: Vec<String> = texts.collect::<rusqlite::Result<_>>()?;
            let has_more = texts.len() > PAGE_SIZE;
            texts.truncate(PAGE_SIZE);
            let next = texts.last().filter(|_| has_more);
            let next = next.map(|last| BASE64_STANDARD.encode(last));
            Ok((texts, next))
        })
        .await
}

fn parse_token(text: &str) -> Result<String> {
    let bytes = BASE64_STANDARD.decode(text).ok();
    let last = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    last.ok_or_else(|| {
        let rule = Rule::Other("must be a token from a previous page".to_owned());
        Error::from(Violation::query("nextToken", rule))
    })
}
