//! The sources of a program: what places of its bundle are called there. The bundle with its map is read
//! anew for places that were not asked for before, since a map takes more memory than a program, and no more
//! often than costs a twentieth of a processor.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{
    Code,
    positions::{Position, positions, replaced},
    source_map,
};
use crate::kernel::clock::{Stopwatch, within};

/// The most places of a text that are looked up.
const PLACES: usize = 64;

/// The most places of a program that are kept.
const KEPT: usize = 1024;

/// How long a text waits for its sources.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many times as long as a map took to read it is not read again.
const REST: u32 = 20;

/// One map at a time is in memory, of all programs.
static READERS: Semaphore = Semaphore::const_new(1);

/// The known sources of a program.
pub struct Sources {
    code: Code,
    most_bytes: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// None for a place that the map does not have.
    places: HashMap<Position, Option<String>>,
    /// The bundle carries no map.
    has_none: bool,
    reading: bool,
    /// Since the map was last read, and how long that took.
    read: Option<(Stopwatch, Duration)>,
}

impl Sources {
    /// Those of a bundle, whose map may have so many bytes.
    #[must_use]
    pub fn new(code: Code, most_bytes: usize) -> Self {
        Self {
            code,
            most_bytes,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A text that names places of the bundle, with those of its sources in their stead as far as that is
    /// known soon.
    pub async fn named_in(self: &Arc<Self>, text: &str) -> String {
        let wanted = positions(text, PLACES);
        if wanted.is_empty() {
            return text.to_owned();
        }
        if let Some((unknown, begun)) = self.begin(&wanted) {
            let reading = async {
                let permit = READERS.acquire().await;
                let read = move || {
                    begun.0.read(&unknown);
                    drop((begun, permit));
                };
                // Only fails if it panicked, and then nothing is known.
                let _ = tokio::task::spawn_blocking(read).await;
            };
            // If it takes longer, a later text has them.
            let _ = within(PATIENCE, reading).await;
        }
        let known = self.known();
        replaced(text, |place| known.places.get(&place)?.clone())
    }

    /// The places that are to be read now, if any.
    fn begin(self: &Arc<Self>, wanted: &[Position]) -> Option<(Vec<Position>, Begun)> {
        let mut known = self.known();
        let rests = |(since, took): (Stopwatch, Duration)| since.elapsed() < took * REST;
        if known.has_none || known.reading || known.read.is_some_and(rests) {
            return None;
        }
        let mut unknown = wanted.to_vec();
        unknown.retain(|place| !known.places.contains_key(place));
        known.reading = !unknown.is_empty();
        known.reading.then(|| (unknown, Begun(Arc::clone(self))))
    }

    /// Reads the map and notes what it says of places.
    fn read(&self, wanted: &[Position]) {
        let watch = Stopwatch::start();
        let Ok(code) = self.code.read() else { return };
        let map = source_map::of_bundle(&code, self.most_bytes);
        let source = |place: &Position| {
            let map = map.as_ref()?;
            source_map::source(map, *place)
        };
        let found: Vec<_> = wanted.iter().map(|place| (*place, source(place))).collect();
        let mut known = self.known();
        known.has_none = map.is_none();
        if known.places.len() + found.len() > KEPT {
            known.places.clear();
        }
        known.places.extend(found);
        known.read = Some((Stopwatch::start(), watch.elapsed()));
    }
}

/// A reading that was begun. It ends when this is dropped, however that comes.
struct Begun(Arc<Sources>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.known().reading = false;
    }
}
