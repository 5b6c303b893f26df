//! Rows to repair after the clock went back (see [`crate::domain::tenancy::rewind`]).

use super::dispatch::LEASE_DURATION;
use crate::domain::tenancy::rewind::Repair;

/// Deliveries due later than the longest wait or lease allows. The query uses the index on due deliveries once
/// for each endpoint.
pub(in crate::domain) const REPAIRS: &[Repair] = &[Repair {
    table: "webhook_deliveries",
    key: "(endpoint_seq, message_seq)",
    find_sql: "SELECT d.endpoint_seq, d.message_seq
           FROM webhook_endpoints e CROSS JOIN webhook_deliveries d
             ON d.endpoint_seq = e.seq AND d.state = 'pending' AND d.due_at > :horizon",
    set_sql: "due_at = :now, lease_until = NULL",
    max_wait: |app| app.webhook_settings().longest_wait().max(LEASE_DURATION),
    due_column: Some("due_at"),
}];
