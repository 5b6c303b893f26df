//! Rows to repair after the clock went back (see [`crate::domain::tenancy::rewind`]).

use std::time::Duration;

use super::uninstall;
use crate::domain::tenancy::rewind::Repair;

pub(in crate::domain) const REPAIRS: &[Repair] = &[
    Repair {
        table: "platform_uninstalls",
        key: "seq",
        find_sql: "SELECT seq FROM platform_uninstalls WHERE next_attempt_at > :horizon",
        set_sql: "next_attempt_at = :now",
        max_wait: |_| uninstall::longest_wait(),
        due_column: Some("next_attempt_at"),
    },
    // Tokens issued so far in the future that their lifetime would end before the clock reaches the time of
    // issue again.
    Repair {
        table: "platform_tokens",
        key: "seq",
        find_sql: "SELECT seq FROM platform_tokens
               WHERE expires_at > :now AND expires_at >= created_at
                 AND created_at - :now > expires_at - created_at",
        set_sql: "expires_at = :now + (expires_at - created_at)",
        max_wait: |_| Duration::ZERO,
        due_column: None,
    },
    // When the system's clock is set back, valid tokens keep their remaining lifetime.
    Repair {
        table: "platform_tokens",
        key: "seq",
        find_sql: "SELECT seq FROM platform_tokens WHERE expires_at > :horizon",
        set_sql: "expires_at = :horizon",
        max_wait: |_| Duration::MAX,
        due_column: Some("expires_at"),
    },
];
