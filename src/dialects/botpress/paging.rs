//! Paging: lists are newest first, with 20 entries a page; `nextToken` is absent on the last page
//! (botpress.md §4).

use poem_openapi::Object;
use serde::Serialize;

pub use crate::domain::shared::paging::PageToken;
use crate::kernel::Result;

/// Paging data of a list.
#[derive(Object, Default, Serialize)]
#[oai(rename = "PageMeta")]
pub struct PageMeta {
    /// Token to pass as `nextToken` for the next page; absent on the last page.
    #[oai(rename = "nextToken", skip_serializing_if_is_none)]
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl PageMeta {
    pub fn new(next: Option<PageToken>) -> Self {
        Self {
            next_token: next.map(|token| token.to_string()),
        }
    }
}

/// Parses a `nextToken`.
///
/// # Errors
/// `Invalid` if no list returned this token.
pub fn parse_next_token(next_token: Option<String>) -> Result<Option<PageToken>> {
    // wire: samples of the vendor send `nextToken=undefined` for the first page (botpress.md §4)
    match next_token.as_deref() {
        None | Some("" | "undefined") => Ok(None),
        Some(text) => PageToken::parse(text).map(Some),
    }
}

/// Returns the value of an optional query parameter; an empty value counts as absent.
pub fn non_empty_parameter(parameter: Option<String>) -> Option<String> {
    parameter.filter(|value| !value.is_empty())
}
