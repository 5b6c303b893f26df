//! Pagination: `limit` and `offset` are JSON numbers, which clients send as `5.0` or `1.1` (cohere.md §1).
//! The OpenAPI document contains their bounds.

use crate::domain::retrieval::connectors::OffsetPage;

/// Default number of items.
const LIMIT_DEFAULT: u64 = 30;

/// Returns the slice for these query parameters. Fractions are dropped.
pub fn to_slice(limit: Option<f64>, offset: Option<f64>) -> OffsetPage {
    let limit = limit.map(to_whole).filter(|limit| *limit > 0);
    OffsetPage {
        // wire: 0 means the default; the 4.x client's own tests rely on it (cohere.md §1)
        limit: limit.unwrap_or(LIMIT_DEFAULT),
        offset: offset.map_or(0, to_whole),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 2^53"
)]
fn to_whole(value: f64) -> u64 {
    value.floor() as u64
}
