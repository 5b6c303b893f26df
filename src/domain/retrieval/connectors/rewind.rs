//! Rows to mend after the clock went back (see [`crate::domain::lifecycle::clock_rewind`]).

use std::time::Duration;

use crate::domain::tenancy::rewind::Mend;

pub(in crate::domain) const MENDS: &[Mend] = &[
    // A provider's token has ended long before, and would not be refreshed.
    Mend {
        table: "connector_authorizations",
        key: "seq",
        find: "SELECT seq FROM connector_authorizations
               WHERE expires_at > :now AND expires_at >= updated_at
                 AND updated_at - :now > expires_at - updated_at",
        set: "expires_at = :now + (expires_at - updated_at)",
        longest: |_| Duration::ZERO,
        due: None,
    },
    // The provider's clock is not this one.
    Mend {
        table: "connector_authorizations",
        key: "seq",
        find: "SELECT seq FROM connector_authorizations WHERE expires_at > :horizon",
        set: "expires_at = :horizon",
        longest: |_| Duration::MAX,
        due: Some("expires_at"),
    },
    Mend {
        table: "connector_oauth_states",
        key: "hash",
        find: "SELECT hash FROM connector_oauth_states WHERE expires_at > :horizon",
        set: "expires_at = :horizon",
        longest: |app| Duration::from_secs(app.connector_settings().authorization_seconds),
        due: Some("expires_at"),
    },
];
