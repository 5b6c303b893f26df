//! Repairs expiry times after the clock goes back (see [`crate::domain::tenancy::rewind`]).

use std::time::Duration;

use crate::domain::tenancy::rewind::Repair;

/// Repairs states that expire later than a write at the present time allows. The first condition avoids an
/// overflow of the microseconds.
pub(in crate::domain) const REPAIRS: &[Repair] = &[Repair {
    table: "states",
    key: "seq",
    find_sql: "SELECT seq FROM states
           WHERE expires_at IS NOT NULL AND expires_after <= (9223372036854775807 - :now) / 1000
             AND expires_at > :now + expires_after * 1000",
    set_sql: "expires_at = :now + expires_after * 1000",
    max_wait: |_| Duration::ZERO,
    due_column: None,
}];
