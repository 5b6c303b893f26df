//! File descriptors: how many the process may have, and how many connections that leaves room for.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{info, warn};

/// The most connections that are held by default, however many descriptors there are.
const MOST: usize = 10_000;

/// The descriptors that are kept for children and outgoing calls where there are plenty.
const RESERVED: usize = 256;

/// Raises the soft limit on descriptors to the hard one, and returns the limit that then holds.
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
    // None is no limit.
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// How many connections the server holds by default with this many descriptors: those that are left
/// once the files of the server are open, without some for children and outgoing calls.
pub(super) fn default_connections(limit: usize) -> usize {
    let open = fs::read_dir("/proc/self/fd").map_or(64, Iterator::count);
    room(limit, open)
}

fn room(limit: usize, open: usize) -> usize {
    let left = limit.saturating_sub(open);
    let reserved = RESERVED.min(left / 3);
    (left - reserved).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        assert_eq!(room(64, 34), 20);
        assert_eq!(room(256, 34), 148);
        assert_eq!(room(1024, 34), 734);
        assert_eq!(room(1_048_576, 34), MOST);
        assert_eq!(room(16, 34), 1);
    }
}
