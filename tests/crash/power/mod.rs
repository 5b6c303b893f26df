//! The power fails. A run of the real program is logged, write by write and synchronisation by
//! synchronisation; from the log come images of the disk as it may be left at any moment. On each the
//! program starts, is sound, and has every change that was acknowledged before.
//!
//! `PARLANCE_POWER_IMAGES` sets how many images are made (24 by default).

mod check;
mod disk;
mod log;
mod loss;
mod record;

use std::sync::Arc;

use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::task::JoinSet;

use self::{
    check::check,
    disk::Image,
    loss::Loss,
    record::{Run, record},
};
use crate::{
    kill::{seed, setting},
    say,
};

/// How many images are looked at at the same time.
const TOGETHER: usize = 2;

/// A power failure, and what it leaves.
struct Failure {
    moment: u64,
    loss: Loss,
    image: Image,
}

/// When the power may fail: while something is written, when something was just acknowledged, while the
/// first start makes the files, and while the log is copied into the database.
struct Moments {
    all: Vec<u64>,
    acknowledged: Vec<u64>,
    first_start: Vec<u64>,
    copying: Vec<u64>,
}

impl Moments {
    fn of(run: &Run) -> Self {
        let all = run.disk.moments();
        let first = all.iter().filter(|moment| **moment <= run.ready);
        // The database gets its name when it has been made.
        let database = run.disk.writes_of("parlance.db.new").into_iter();
        let later = database.filter(|(moment, _)| *moment > run.ready);
        Self {
            copying: later.map(|(moment, _)| moment).collect(),
            first_start: first.copied().collect(),
            acknowledged: run.acknowledgements(),
            all,
        }
    }

    /// The power failure of this number.
    fn failure(&self, run: &Run, number: usize, rng: &mut StdRng) -> Failure {
        let among = match number % 6 {
            0 => &self.first_start,
            1 | 2 => &self.acknowledged,
            3 => &self.copying,
            _ => &self.all,
        };
        let moment = *among.choose(rng).expect("a moment");
        let loss = *Loss::ALL.choose(rng).expect("a loss");
        Failure {
            moment,
            loss,
            image: run.disk.image(moment, loss, rng),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn every_image_has_what_was_acknowledged() {
    let count = setting("PARLANCE_POWER_IMAGES").unwrap_or(24) as usize;
    let seed = seed("power");
    let mut rng = StdRng::seed_from_u64(seed);
    let run = Arc::new(record(&mut rng).await);
    let moments = Moments::of(&run);
    let logs = run.disk.writes_of("parlance.db-wal");
    let logs = logs.iter().filter(|(_, place)| *place == 0).count();
    let servers = 3;
    assert!(logs > servers, "no server has begun its log anew: {logs}");
    let begin = moments.all[0];
    let (mut unsure, mut found) = (0, 0);
    let numbers: Vec<usize> = (0..count).collect();
    for together in numbers.chunks(TOGETHER) {
        let mut looking = JoinSet::new();
        for number in together.iter().copied() {
            let failure = moments.failure(&run, number, &mut rng);
            let run = Arc::clone(&run);
            looking.spawn(async move {
                let checked = check(&run, &failure.image, failure.moment).await;
                checked.unwrap_or_else(|wrong| {
                    let (at, loss) = (failure.moment - begin, failure.loss);
                    panic!("image {number}, seed {seed}, {loss:?} at {at} µs: {wrong}")
                })
            });
        }
        for settled in looking.join_all().await {
            unsure += settled.all();
            found += settled.happened;
        }
    }
    say(&format!(
        "power: {count} images of {} changes of the disk, in which {logs} logs began; no \
         acknowledged write of {} lost, {unsure} were under way, of which {found} were there",
        moments.all.len(),
        moments.acknowledged.len(),
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_disk_that_lies_is_found_out() {
    let mut rng = StdRng::seed_from_u64(seed("lying disk"));
    let mut run = record(&mut rng).await;
    let last = run.acknowledgements().into_iter().max();
    let last = last.expect("something was acknowledged");
    let image = run.disk.image(last, Loss::All, &mut rng);
    check(&run, &image, last).await.expect("nothing is lost");
    run.disk.lies_from(run.conversations.since);
    let image = run.disk.image(last, Loss::All, &mut rng);
    let wrong = check(&run, &image, last)
        .await
        .expect_err("writes are lost");
    assert!(wrong.contains(" is lost: "), "{wrong}");
}
