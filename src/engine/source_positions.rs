//! Maps positions in the bundle of a program to positions in its sources.
//!
//! A source map takes more memory than a program, so only the positions that were looked up are cached. For an
//! unknown position, the bundle and its map are read again, at the cost of at most a twentieth of a processor.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{
    Code,
    positions::{Position, find_positions, replace_positions},
    source_map,
};
use crate::kernel::clock::{Stopwatch, with_timeout};

/// Maximum number of positions that are looked up for a text.
const MAX_LOOKUPS: usize = 64;

/// Maximum number of cached positions of a program.
const MAX_CACHED: usize = 1024;

/// Maximum time that a text waits for its source positions.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause after a map was read, as a multiple of the time that reading took.
const PAUSE_FACTOR: u32 = 20;

/// Allows one map at a time in memory, over all programs.
static READ_PERMIT: Semaphore = Semaphore::const_new(1);

/// The cached source positions of a program.
pub struct SourcePositions {
    code: Code,
    max_map_bytes: usize,
    cache: Mutex<PositionCache>,
}

#[derive(Default)]
struct PositionCache {
    /// Source positions by position in the bundle; `None` if the map does not have the position.
    positions: HashMap<Position, Option<String>>,
    /// True if the bundle carries no map.
    has_no_map: bool,
    reading: bool,
    /// Time since the map was last read, and the time that reading took.
    last_read: Option<(Stopwatch, Duration)>,
}

impl SourcePositions {
    /// Creates an empty cache for a bundle. A map of more than `most_bytes` bytes is ignored.
    #[must_use]
    pub fn new(code: Code, most_bytes: usize) -> Self {
        Self {
            code,
            max_map_bytes: most_bytes,
            cache: Mutex::default(),
        }
    }

    fn lock_cache(&self) -> MutexGuard<'_, PositionCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the positions in the bundle that a text names by source positions, as far as these are known in time.
    pub async fn map_positions(self: &Arc<Self>, text: &str) -> String {
        let positions = find_positions(text, MAX_LOOKUPS);
        if positions.is_empty() {
            return text.to_owned();
        }
        if let Some((unknown, read_guard)) = self.start_read(&positions) {
            let reading = async {
                let permit = READ_PERMIT.acquire().await;
                let read = move || {
                    read_guard.0.read_map(&unknown);
                    drop((read_guard, permit));
                };
                // Fails only if the task panicked, and then the positions stay unknown.
                let _ = tokio::task::spawn_blocking(read).await;
            };
            // If reading takes longer, a later text gets the positions.
            let _ = with_timeout(LOOKUP_TIMEOUT, reading).await;
        }
        let known = self.lock_cache();
        replace_positions(text, |position| known.positions.get(&position)?.clone())
    }

    /// Returns the positions to read now, if any, and marks the read as begun.
    fn start_read(self: &Arc<Self>, positions: &[Position]) -> Option<(Vec<Position>, ReadGuard)> {
        let mut known = self.lock_cache();
        let rests = |(since, took): (Stopwatch, Duration)| since.elapsed() < took * PAUSE_FACTOR;
        if known.has_no_map || known.reading || known.last_read.is_some_and(rests) {
            return None;
        }
        let mut unknown = positions.to_vec();
        unknown.retain(|position| !known.positions.contains_key(position));
        known.reading = !unknown.is_empty();
        known
            .reading
            .then(|| (unknown, ReadGuard(Arc::clone(self))))
    }

    /// Reads the map and caches the source positions.
    fn read_map(&self, positions: &[Position]) {
        let watch = Stopwatch::start();
        let Ok(code) = self.code.read() else { return };
        let map = source_map::parse_inline_map(&code, self.max_map_bytes);
        let source = |position: &Position| {
            let map = map.as_ref()?;
            source_map::find_source_position(map, *position)
        };
        let found: Vec<_> = positions
            .iter()
            .map(|position| (*position, source(position)))
            .collect();
        let mut known = self.lock_cache();
        known.has_no_map = map.is_none();
        if known.positions.len() + found.len() > MAX_CACHED {
            known.positions.clear();
        }
        known.positions.extend(found);
        known.last_read = Some((Stopwatch::start(), watch.elapsed()));
    }
}

/// The mark of a read in progress. Dropping it removes the mark, even after a panic.
struct ReadGuard(Arc<SourcePositions>);

impl Drop for ReadGuard {
    fn drop(&mut self) {
        self.0.lock_cache().reading = false;
    }
}
