//! The limit on file descriptors, and the number of connections that it allows.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{info, warn};

/// Default maximum number of connections, however high the descriptor limit is.
const MAX_DEFAULT: usize = 10_000;

/// Number of descriptors reserved for child processes and outgoing calls, if the limit is high enough.
const RESERVED: usize = 256;

/// Raises the soft limit on descriptors to the hard limit. Returns the limit in effect.
pub(super) fn raise_limit() -> usize {
    let before = getrlimit(Resource::Nofile);
    let Rlimit { current, maximum } = before;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            warn!(%error, "the limit on file descriptors cannot be raised");
            current
        }
    };
    info!(
        soft_before = current,
        soft = limit,
        hard = maximum,
        "file descriptors"
    );
    // No limit.
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// Returns the default maximum number of connections for this descriptor limit: the descriptors that the server's
/// open files, child processes and outgoing calls leave.
pub(super) fn default_connections(limit: usize) -> usize {
    let open = fs::read_dir("/proc/self/fd").map_or(64, Iterator::count);
    connections_within(limit, open)
}

fn connections_within(limit: usize, open: usize) -> usize {
    let left = limit.saturating_sub(open);
    let reserved = RESERVED.min(left / 3);
    (left - reserved).clamp(1, MAX_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        assert_eq!(connections_within(64, 34), 20);
        assert_eq!(connections_within(256, 34), 148);
        assert_eq!(connections_within(1024, 34), 734);
        assert_eq!(connections_within(1_048_576, 34), MAX_DEFAULT);
        assert_eq!(connections_within(16, 34), 1);
    }
}
