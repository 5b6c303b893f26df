//! Rows to repair after the clock went back (see [`crate::domain::tenancy::rewind`]).

use std::time::Duration;

use super::sensitive;
use crate::domain::tenancy::rewind::Repair;

pub(in crate::domain) const REPAIRS: &[Repair] = &[
    Repair {
        table: "end_user_sensitive",
        key: "(end_user_id, name)",
        find_sql: "SELECT end_user_id, name FROM end_user_sensitive WHERE erase_at > :horizon",
        set_sql: "erase_at = :horizon",
        max_wait: |_| sensitive::RETENTION,
        due_column: Some("erase_at"),
    },
    // End users created so far in the future that their lifetime would end before the clock reaches the time of
    // creation again.
    Repair {
        table: "end_users",
        key: "seq",
        find_sql: "SELECT seq FROM end_users
               WHERE purge_at > :now AND purge_at >= created_at
                 AND created_at - :now > purge_at - created_at",
        set_sql: "purge_at = :now + (purge_at - created_at)",
        max_wait: |_| Duration::ZERO,
        due_column: None,
    },
    Repair {
        table: "end_user_positions",
        key: "id",
        find_sql: "SELECT id FROM end_user_positions WHERE erased_at > :now",
        set_sql: "erased_at = :now",
        max_wait: |_| Duration::ZERO,
        due_column: None,
    },
    Repair {
        table: "end_user_deletions",
        key: "seq",
        find_sql: "SELECT seq FROM end_user_deletions WHERE completed_at IS NULL AND due_at > :now",
        set_sql: "due_at = :now",
        max_wait: |_| Duration::ZERO,
        due_column: None,
    },
];
