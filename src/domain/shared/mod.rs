//! Helpers for every area of the domain: SQL, pages of lists, backoff, rate limits, plans, stored bytes.

pub(in crate::domain) mod backoff;
pub(in crate::domain) mod blobs;
pub mod paging;
pub mod plans;
pub mod rate_limits;
pub(in crate::domain) mod row_range;
pub(in crate::domain) mod sql;
