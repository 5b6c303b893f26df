//! Rows to repair after the clock went back (see [`crate::domain::rewind`]).

use std::time::Duration;

use super::uninstall;
use crate::domain::tenancy::rewind::Repair;

pub(in crate::domain) const REPAIRS: &[Repair] = &[
    Repair {
        table: "platform_uninstalls",
        key: "seq",
        find: "SELECT seq FROM platform_uninstalls WHERE next_attempt_at > :horizon",
        set: "next_attempt_at = :now",
        longest: |_| uninstall::longest_wait(),
        due: Some("next_attempt_at"),
    },
    // Tokens issued so far in the future that their lifetime would end before the clock reaches the time of
    // issue again.
    Repair {
        table: "platform_tokens",
        key: "seq",
        find: "SELECT seq FROM platform_tokens
               WHERE expires_at > :now AND expires_at >= created_at
                 AND created_at - :now > expires_at - created_at",
        set: "expires_at = :now + (expires_at - created_at)",
        longest: |_| Duration::ZERO,
        due: None,
    },
    // When the system's clock is set back, valid tokens keep their remaining lifetime.
    Repair {
        table: "platform_tokens",
        key: "seq",
        find: "SELECT seq FROM platform_tokens WHERE expires_at > :horizon",
        set: "expires_at = :horizon",
        longest: |_| Duration::MAX,
        due: Some("expires_at"),
    },
];
