//! Rows to mend after the clock went back (see [`crate::domain::lifecycle::clock_rewind`]).

use std::time::Duration;

use crate::domain::tenancy::rewind::Mend;

/// States that end later than so long from now. (The largest times have no number of microseconds.)
pub(in crate::domain) const MENDS: &[Mend] = &[Mend {
    table: "states",
    key: "seq",
    find: "SELECT seq FROM states
           WHERE expires_at IS NOT NULL AND expires_after <= (9223372036854775807 - :now) / 1000
             AND expires_at > :now + expires_after * 1000",
    set: "expires_at = :now + expires_after * 1000",
    longest: |_| Duration::ZERO,
    due: None,
}];
