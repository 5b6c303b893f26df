//! Paging: lists are newest first, 20 a page; `nextToken` is absent on the last page.

use poem_openapi::Object;

use crate::{domain::shared::paging::Token, kernel::Result};

/// Where the next page is.
#[derive(Object, Default)]
#[oai(rename = "PageMeta")]
pub struct Meta {
    /// To be passed as `nextToken` for the next page; absent on the last one.
    #[oai(rename = "nextToken", skip_serializing_if_is_none)]
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
    let given = next_token.filter(|token| !token.is_empty());
    given.as_deref().map(Token::parse).transpose()
}
