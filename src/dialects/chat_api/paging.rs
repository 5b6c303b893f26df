//! Pagination: lists are newest first, with 20 items a page; `nextToken` is absent on the last page.

use poem_openapi::Object;
use serde::Serialize;

use crate::{domain::shared::paging::PageToken, kernel::Result};

/// Token of the next page.
#[derive(Object, Default, Serialize)]
#[oai(rename = "PageMeta")]
pub struct Meta {
    /// Value of `nextToken` for the next page; absent on the last page.
    #[oai(rename = "nextToken", skip_serializing_if_is_none)]
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Meta {
    pub fn new(next: Option<PageToken>) -> Self {
        Self {
            next_token: next.map(|token| token.to_string()),
        }
    }
}

/// Parses a `nextToken`.
///
/// # Errors
/// `Invalid` if the token was not issued by a list.
pub fn parse_token(next_token: Option<String>) -> Result<Option<PageToken>> {
    let given = next_token.filter(|token| !token.is_empty());
    given.as_deref().map(PageToken::parse).transpose()
}
