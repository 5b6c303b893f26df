//! Paging: `limit` and `offset` are JSON numbers, which clients send as `5.0` or `1.1`
//! (cohere.md §1).

use crate::{
    domain::connectors::Slice,
    kernel::{Result, Rule, Violation},
};

/// How much is listed by default.
const LIMIT_DEFAULT: u64 = 30;
/// The most that is listed at a time.
const LIMIT_MAX: f64 = 100.0;
/// The most that is left out: what a float can count.
const OFFSET_MAX: f64 = 9_007_199_254_740_991.0;

/// The slice that these query parameters ask for. Fractions are dropped.
pub fn slice(limit: Option<f64>, offset: Option<f64>) -> Result<Slice> {
    let limit = within("limit", limit, LIMIT_MAX)?;
    Ok(Slice {
        // wire: 0 means the default; the 4.x client's own tests rely on it (cohere.md §1)
        limit: limit.filter(|limit| *limit > 0).unwrap_or(LIMIT_DEFAULT),
        offset: within("offset", offset, OFFSET_MAX)?.unwrap_or(0),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 2^53"
)]
fn within(name: &str, value: Option<f64>, max: f64) -> Result<Option<u64>> {
    let broken = |rule| Err(Violation::query(name, rule).into());
    match value {
        None => Ok(None),
        Some(value) if (0.0..=max).contains(&value) => Ok(Some(value.floor() as u64)),
        Some(value) if value > max => broken(Rule::Maximum(max.to_string())),
        Some(_) => broken(Rule::Minimum("0".to_owned())),
    }
}
