//! Pagination: `cursor` is the ID of the first item of a page, and `meta.next_page_url` is null on the last
//! page (ada.md §1.4).

use poem::Request;
use poem_openapi::Object;
use serde::Serialize;

use crate::http::origin;

/// Maximum page size, and the size of a page without `limit`.
// wire: the default is not published for end users, integrations and webhooks (ada.md §1.4)
const LIMIT_MAX: u32 = 100;

/// Returns the page size for the query parameter `limit`.
pub fn page_size(limit: Option<u32>) -> u32 {
    limit.unwrap_or(LIMIT_MAX)
}

/// Returns an optional query parameter; an empty value counts as absent, because tools that import the
/// OpenAPI document send parameters without a value (`?cursor=&limit=20`).
pub fn non_empty(parameter: Option<String>) -> Option<String> {
    parameter.filter(|value| !value.is_empty())
}

/// Returns the example of an optional parameter: empty, because tools send examples as they are, and the
/// request has to work.
pub fn example_empty() -> Option<String> {
    Some(String::new())
}

/// Returns the example of `limit`.
pub const fn example_limit() -> Option<u32> {
    Some(20)
}

/// Link to the next page.
#[derive(Object, Default, Serialize)]
pub struct Meta {
    /// Absolute URL of the next page; null on the last page.
    #[oai(nullable)]
    pub next_page_url: Option<String>,
}

impl Meta {
    /// Links to the page that begins at `cursor`, with the other query parameters of the request.
    pub fn next(request: &Request, path: &str, cursor: Option<&str>) -> Self {
        Self {
            next_page_url: cursor.map(|cursor| {
                let origin = origin(request);
                let kept = request.uri().query().unwrap_or_default().split('&');
                let kept: String = kept
                    .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
                    .map(|pair| format!("&{pair}"))
                    .collect();
                format!("{origin}{path}?cursor={cursor}{kept}")
            }),
        }
    }
}
