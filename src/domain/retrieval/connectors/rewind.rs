//! Repairs of connector rows after the clock goes back (see [`crate::domain::tenancy::rewind`]).

use std::time::Duration;

use crate::domain::tenancy::rewind::Repair;

pub(in crate::domain) const REPAIRS: &[Repair] = &[
    // This access token was issued before the clock went back, and it expires long before the
    // stored time. Without a repair nothing would refresh it.
    Repair {
        table: "connector_authorizations",
        key: "seq",
        find_sql: "SELECT seq FROM connector_authorizations
               WHERE expires_at > :now AND expires_at >= updated_at
                 AND updated_at - :now > expires_at - updated_at",
        set_sql: "expires_at = :now + (expires_at - updated_at)",
        max_wait: |_| Duration::ZERO,
        due_column: None,
    },
    // The provider's clock does not go back with this server's, so the expiry moves by the same
    // step.
    Repair {
        table: "connector_authorizations",
        key: "seq",
        find_sql: "SELECT seq FROM connector_authorizations WHERE expires_at > :horizon",
        set_sql: "expires_at = :horizon",
        max_wait: |_| Duration::MAX,
        due_column: Some("expires_at"),
    },
    Repair {
        table: "connector_oauth_states",
        key: "hash",
        find_sql: "SELECT hash FROM connector_oauth_states WHERE expires_at > :horizon",
        set_sql: "expires_at = :horizon",
        max_wait: |app| Duration::from_secs(app.connector_settings().authorization_seconds),
        due_column: Some("expires_at"),
    },
];
