//! Rows to mend after the clock went back (see [`crate::domain::rewind`]).

use std::time::Duration;

use super::uninstall;
use crate::domain::rewind::Mend;

pub(in crate::domain) const MENDS: &[Mend] = &[
    Mend {
        table: "platform_uninstalls",
        key: "seq",
        find: "SELECT seq FROM platform_uninstalls WHERE next_attempt_at > :horizon",
        set: "next_attempt_at = :now",
        longest: |_| uninstall::longest_wait(),
    },
    // They would be valid until the clock has come back to the time at which they were given.
    Mend {
        table: "platform_tokens",
        key: "seq",
        find: "SELECT seq FROM platform_tokens
               WHERE expires_at > :now AND expires_at >= created_at
                 AND created_at - :now > expires_at - created_at",
        set: "expires_at = :now + (expires_at - created_at)",
        longest: |_| Duration::ZERO,
    },
];
