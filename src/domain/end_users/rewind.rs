//! Rows to repair after the clock went back (see [`crate::domain::rewind`]).

use std::time::Duration;

use super::sensitive;
use crate::domain::tenancy::rewind::Repair;

pub(in crate::domain) const REPAIRS: &[Repair] = &[
    Repair {
        table: "end_user_sensitive",
        key: "(end_user_id, name)",
        find: "SELECT end_user_id, name FROM end_user_sensitive WHERE erase_at > :horizon",
        set: "erase_at = :horizon",
        longest: |_| sensitive::RETENTION,
        due: Some("erase_at"),
    },
    // End users created so far in the future that their lifetime would end before the clock reaches the time of
    // creation again.
    Repair {
        table: "end_users",
        key: "seq",
        find: "SELECT seq FROM end_users
               WHERE purge_at > :now AND purge_at >= created_at
                 AND created_at - :now > purge_at - created_at",
        set: "purge_at = :now + (purge_at - created_at)",
        longest: |_| Duration::ZERO,
        due: None,
    },
    Repair {
        table: "end_user_positions",
        key: "id",
        find: "SELECT id FROM end_user_positions WHERE erased_at > :now",
        set: "erased_at = :now",
        longest: |_| Duration::ZERO,
        due: None,
    },
    Repair {
        table: "end_user_deletions",
        key: "seq",
        find: "SELECT seq FROM end_user_deletions WHERE completed_at IS NULL AND due_at > :now",
        set: "due_at = :now",
        longest: |_| Duration::ZERO,
        due: None,
    },
];
