//! Paging: lists are newest first, 20 a page; `nextToken` is absent on the last page
//! (botpress.md §4).

use poem_openapi::Object;
use serde::Serialize;

pub use crate::domain::shared::paging::Token;
use crate::kernel::Result;

/// Where the next page is.
#[derive(Object, Default, Serialize)]
#[oai(rename = "PageMeta")]
pub struct Meta {
    /// To be passed as `nextToken` for the next page; absent on the last one.
    #[oai(rename = "nextToken", skip_serializing_if_is_none)]
    #[serde(rename = "nextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Meta {
    pub fn new(next: Option<Token>) -> Self {
        Self {
            next_token: next.map(|token| token.to_string()),
        }
    }
}

/// The position that a `nextToken` means.
///
/// # Errors
/// `Invalid` for what no list has given.
pub fn position(next_token: Option<String>) -> Result<Option<Token>> {
    // wire: samples of the vendor send `nextToken=undefined` for the first page (botpress.md §4)
    match next_token.as_deref() {
        None | Some("" | "undefined") => Ok(None),
        Some(text) => Token::parse(text).map(Some),
    }
}

/// A query parameter that may be left out. One without a value is as good as left out.
pub fn given(parameter: Option<String>) -> Option<String> {
    parameter.filter(|value| !value.is_empty())
}
