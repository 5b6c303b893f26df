//! The vendor's format of times.

use crate::kernel::Timestamp;

/// Formats a time: `2026-01-31T09:30:00.000000+00:00`.
pub fn format_time(at: Timestamp) -> String {
    at.to_rfc3339_micros().replace('Z', "+00:00")
}
