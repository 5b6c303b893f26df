//! Paging: `cursor` is the id at which a page begins, and `meta.next_page_url` is null on the last
//! page (ada.md §1.4).

use poem::Request;
use poem_openapi::Object;

use crate::http::origin;

/// The most that one page has; also the size of a page without `limit`.
// wire: the default is not published for end users, integrations and webhooks (ada.md §1.4)
const LIMIT_MAX: u32 = 100;

/// The size of a page that a query asks for.
pub fn limit(limit: Option<u32>) -> u32 {
    limit.unwrap_or(LIMIT_MAX)
}

/// A query parameter that may be left out. One without a value is as good as left out: that is how
/// tools that import the document send it (`?cursor=&limit=20`).
pub fn given(parameter: Option<String>) -> Option<String> {
    parameter.filter(|value| !value.is_empty())
}

/// The example of such a parameter: tools send it as it stands, and it has to work.
pub fn nothing() -> Option<String> {
    Some(String::new())
}

/// The example of `limit`.
pub const fn example_limit() -> Option<u32> {
    Some(20)
}

/// Where the next page is.
#[derive(Object, Default)]
pub struct Meta {
    /// The whole address of the next page; null on the last one.
    #[oai(nullable)]
    pub next_page_url: Option<String>,
}

impl Meta {
    /// The page that begins at `cursor`, with the other query parameters of the request.
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
