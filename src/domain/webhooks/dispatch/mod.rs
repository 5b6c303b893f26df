//! The dispatcher: one task that leases deliveries that are due, attempts them with bounded
//! concurrency, and writes down in batches what came of it.
//!
//! Each endpoint has a lane of its own: a slow one fills its lane and no other. What the task
//! holds in memory is leased in the database, so that a crash loses nothing: the next start ends
//! all leases.

mod attempt;
mod lanes;
mod lease;
mod prune;
mod record;
mod remove;

use std::{collections::HashSet, time::Duration};

use tokio::task::JoinSet;
use tracing::{error, warn};

pub(super) use self::lease::LEASE;
use self::{
    attempt::Outcome,
    lanes::Lanes,
    lease::{Key, Looked, Wanted},
    record::Recorded,
};
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Result, Timestamp,
        clock::{Stopwatch, pause, within},
    },
};

/// How long attempts may still take when the server stops.
const GRACE: Duration = Duration::from_secs(2);
/// How long the dispatcher waits after the database refused it.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the dispatcher looks at what there is, whatever it is told: a sign that was lost costs so much
/// time, and no delivery.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long it does not look again, whatever it is told, after it found nothing that there was room for:
/// where an endpoint is slow, all that is told of is more for it.
const REST: Duration = Duration::from_millis(2);
/// How often old messages are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Delivers what is due until `stop` ends.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let mut dispatcher = Dispatcher::begin(app).await;
    tokio::pin!(stop);
    loop {
        dispatcher.step();
        dispatcher.settle();
        dispatcher.measure();
        let wake = dispatcher.next_wake();
        tokio::select! {
            () = &mut stop => break,
            Some(done) = dispatcher.tasks.join_next() => match done {
                Ok(done) => dispatcher.take(done),
                Err(error) => {
                    error!(%error, "a task of the dispatcher panicked: it begins anew");
                    dispatcher = Dispatcher::begin(dispatcher.app).await;
                    dispatcher.pause();
                }
            },
            () = dispatcher.app.webhooks().rung() => {}
            () = dispatcher.app.clock().sleep_until(wake) => {}
            () = pause(LOOK_AGAIN) => {}
        }
    }
    dispatcher.finish().await;
}

/// Removes some of what nobody needs any more. Whether there may be more.
async fn clear(app: &App) -> Result<bool> {
    if remove::remove(app).await? {
        return Ok(true);
    }
    prune::prune(app).await?;
    Ok(false)
}

/// What a task of the dispatcher came to.
enum Done {
    Attempted(Box<Outcome>),
    Looked(Result<Looked>),
    /// With the outcomes, if they could not be written down.
    Recorded(std::result::Result<Recorded, Vec<Outcome>>),
    Released,
    /// Whether there is more to remove.
    Pruned(Result<bool>),
    Paused,
    Rested,
}

struct Dispatcher {
    app: App,
    lanes: Lanes,
    /// The deliveries in memory: waiting, attempted, or not yet written down.
    held: HashSet<Key>,
    /// Those of them that were leased again, by a clock that jumped or a resend.
    leased_again: HashSet<Key>,
    finished: Vec<Outcome>,
    tasks: JoinSet<Done>,
    /// There may be deliveries that are due and not leased.
    hungry: bool,
    /// A look is under way, or was in vain a moment ago.
    looking: bool,
    /// Since it last looked by itself.
    looked: Stopwatch,
    recording: bool,
    pruning: bool,
    paused: bool,
    releasing: usize,
    /// The hints and the version of the endpoints that were last seen.
    hints: u64,
    version: u64,
    /// The version when the last removal began.
    pruned: u64,
    /// The endpoint that was leased from last.
    after: i64,
    next_due: Option<Timestamp>,
    next_prune: Timestamp,
}

impl Dispatcher {
    /// A dispatcher that holds nothing: what the last one had leased is due again.
    async fn begin(app: App) -> Self {
        if let Err(error) = lease::end_all(&app).await {
            warn!(%error, "deliveries of the last run wait for the end of their leases");
        }
        Self {
            lanes: Lanes::new(app.webhook_settings()),
            held: HashSet::new(),
            leased_again: HashSet::new(),
            finished: Vec::new(),
            tasks: JoinSet::new(),
            hungry: true,
            looking: false,
            looked: Stopwatch::start(),
            recording: false,
            pruning: false,
            paused: false,
            releasing: 0,
            hints: 0,
            version: app.webhooks().version(),
            pruned: 0,
            after: 0,
            next_due: None,
            next_prune: app.clock().now(),
            app,
        }
    }

    /// Starts whatever can be started now.
    fn step(&mut self) {
        let now = self.app.clock().now();
        let hints = self.app.webhooks().hints();
        if hints != self.hints {
            self.hints = hints;
            self.hungry = true;
        }
        if self.looked.elapsed() >= LOOK_AGAIN {
            self.looked = Stopwatch::start();
            self.hungry = true;
        }
        if self.next_due.is_some_and(|due| due <= now) {
            self.next_due = None;
            self.hungry = true;
        }
        let version = self.app.webhooks().version();
        if version != self.version {
            self.version = version;
            // It may have been a deletion, which leaves something to remove.
            self.next_prune = now;
            let stale = self.lanes.empty();
            self.release(stale);
        }
        // The clock went back.
        self.next_prune = self.next_prune.min(now.plus(PRUNE_EVERY));
        if self.paused {
            return;
        }
        while let Some((target, delivery)) = self.lanes.next() {
            let app = self.app.clone();
            self.tasks.spawn(async move {
                Done::Attempted(Box::new(attempt::attempt(&app, &target, delivery).await))
            });
        }
        if !self.recording && !self.finished.is_empty() {
            self.recording = true;
            let outcomes = std::mem::take(&mut self.finished);
            let app = self.app.clone();
            self.tasks
                .spawn(async move { Done::Recorded(record::record(&app, outcomes).await) });
        }
        if self.hungry && !self.looking && self.releasing == 0 && self.lanes.budget() > 0 {
            self.hungry = false;
            self.looking = true;
            let wanted = Wanted {
                rooms: self.lanes.rooms(),
                window: self.lanes.window(),
                budget: self.lanes.budget(),
                after: self.after,
            };
            let app = self.app.clone();
            self.tasks
                .spawn(async move { Done::Looked(lease::look(&app, wanted).await) });
        }
        if !self.pruning && self.next_prune <= now {
            self.pruning = true;
            self.pruned = self.version;
            let app = self.app.clone();
            self.tasks
                .spawn(async move { Done::Pruned(clear(&app).await) });
        }
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Attempted(outcome) => {
                self.hungry |= self.lanes.done(outcome.key.endpoint);
                self.finished.push(*outcome);
            }
            Done::Looked(looked) => {
                self.looking = false;
                match looked {
                    Ok(looked) => self.take_leases(looked),
                    Err(error) => {
                        warn!(%error, "deliveries that are due wait");
                        self.hungry = true;
                        self.pause();
                    }
                }
            }
            Done::Recorded(Ok(recorded)) => {
                self.recording = false;
                self.hungry |= recorded.retries;
                let mut again = Vec::new();
                for key in recorded.deliveries {
                    self.held.remove(&key);
                    again.extend(self.leased_again.take(&key));
                }
                self.release(again);
            }
            Done::Recorded(Err(outcomes)) => {
                self.recording = false;
                self.finished.extend(outcomes);
                self.pause();
            }
            Done::Released => {
                self.releasing -= 1;
                self.hungry = true;
            }
            Done::Pruned(pruned) => {
                self.pruning = false;
                if let Err(error) = &pruned {
                    warn!(%error, "what is to be removed of webhooks is kept for another hour");
                }
                if !pruned.unwrap_or(false) && self.pruned == self.version {
                    self.next_prune = self.app.clock().now().plus(PRUNE_EVERY);
                }
            }
            Done::Paused => self.paused = false,
            Done::Rested => self.looking = false,
        }
    }

    fn take_leases(&mut self, looked: Looked) {
        self.after = looked.after;
        self.next_due = looked.next_due;
        self.lanes.mark_full(&looked.full);
        if looked.taken.is_empty() {
            self.rest();
        }
        let stale = looked.version != self.version;
        let mut returned = Vec::new();
        for taken in looked.taken {
            // What was leased may be followed by more.
            self.hungry = true;
            for delivery in taken.deliveries {
                if !self.held.insert(delivery.key) {
                    self.leased_again.insert(delivery.key);
                    continue;
                }
                if stale {
                    returned.push(delivery.key);
                } else {
                    self.lanes.push(&taken.target, delivery);
                }
            }
        }
        self.release(returned);
    }

    /// Gives leases back, so that their deliveries are leased anew with what is true now.
    fn release(&mut self, deliveries: Vec<Key>) {
        if deliveries.is_empty() {
            return;
        }
        for key in &deliveries {
            self.held.remove(key);
        }
        self.releasing += 1;
        let app = self.app.clone();
        self.tasks.spawn(async move {
            if let Err(error) = lease::release(&app, deliveries).await {
                warn!(%error, "deliveries wait for the end of their leases");
            }
            Done::Released
        });
    }

    fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        // In real time, as the database fails: the clock may stand still.
        self.tasks.spawn(async {
            pause(PAUSE).await;
            Done::Paused
        });
    }

    fn rest(&mut self) {
        self.looking = true;
        self.tasks.spawn(async {
            pause(REST).await;
            Done::Rested
        });
    }

    fn measure(&self) {
        let held = i64::try_from(self.held.len()).unwrap_or(i64::MAX);
        self.app.webhooks().metrics().in_memory.set(held);
    }

    /// Tells whoever waits that nothing is left to do now.
    fn settle(&self) {
        if self.tasks.is_empty() && !self.hungry && self.finished.is_empty() {
            self.app.webhooks().settle(self.hints);
        }
    }

    /// When there is something to do by the clock alone. What a running task will lead to is not
    /// waited for here: a time that has come already would keep the loop from ever waiting.
    fn next_wake(&self) -> Timestamp {
        let prune = (!self.pruning && !self.paused).then_some(self.next_prune);
        let wake = prune.into_iter().chain(self.next_due).min();
        wake.unwrap_or(Timestamp::from_micros(i64::MAX))
    }

    /// Lets attempts end for a moment, writes down what they came to, and gives back the rest.
    async fn finish(mut self) {
        let waiting = self.lanes.empty();
        let drained = within(GRACE, async {
            while let Some(done) = self.tasks.join_next().await {
                match done {
                    Ok(Done::Attempted(outcome)) => self.finished.push(*outcome),
                    Ok(Done::Recorded(Err(outcomes))) => self.finished.extend(outcomes),
                    _ => {}
                }
            }
        });
        if drained.await.is_err() {
            warn!("attempts that had no answer yet are made again at the next start");
        }
        self.tasks.abort_all();
        if !self.finished.is_empty() && record::record(&self.app, self.finished).await.is_err() {
            warn!("attempts that could not be written down are made again at the next start");
        }
        if let Err(error) = lease::release(&self.app, waiting).await {
            warn!(%error, "deliveries go on at the next start");
        }
    }
}
