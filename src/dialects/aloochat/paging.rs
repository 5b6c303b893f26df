//! Paging, which the vendor's page does not have: `skip` and `limit` as its sibling resources take
//! them (aloochat.md §3, row 7), and `after` for clients that walk through a long list.

use crate::domain::service_integrations::{Listed, Slice};

/// The most that one `limit` gets, as with the sibling resources.
const LIMIT_MAX: u64 = 1000;

/// The slice that these query parameters ask for. Without any, it is everything.
pub fn slice(skip: Option<u64>, limit: Option<u64>, after: Option<String>) -> Slice {
    Slice {
        // One without a value is as good as left out: that is how tools that import the document send it.
        after: after.filter(|after| !after.is_empty()).map(Into::into),
        skip: skip.unwrap_or(0),
        // wire: FastAPI would refuse more; a cap serves the caller better
        limit: limit.map(|limit| limit.min(LIMIT_MAX)),
    }
}

/// The example of `skip`: tools send it as it stands, and it has to work.
pub const fn example_skip() -> Option<u64> {
    Some(0)
}

/// The example of `limit`.
pub const fn example_limit() -> Option<u64> {
    Some(20)
}

/// The example of `after`.
pub fn example_after() -> Option<String> {
    Some(String::new())
}

/// The `Link` header that leads to the next page, if there is one (RFC 8288).
pub fn next_link(slice: &Slice, listed: &Listed) -> Option<String> {
    let last = listed.items.last().filter(|_| listed.more)?;
    let limit = slice.limit?;
    Some(format!(
        "</api/public/integrations?limit={limit}&after={}>; rel=\"next\"",
        last.id
    ))
}
