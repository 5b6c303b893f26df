//! The dispatcher: one task that leases due deliveries, attempts them with bounded concurrency and records the
//! outcomes in batches.
//!
//! Each endpoint has its own in-memory queue, so that a slow one does not block the others. Every delivery in
//! memory is leased in the database. After a crash, the next start releases all leases, so that nothing is lost.

mod attempt;
mod endpoint_queues;
mod lease;
mod prune;
mod record;
mod remove_deleted;

use std::{collections::HashSet, time::Duration};

use tokio::task::JoinSet;
use tracing::{error, warn};

pub(super) use self::lease::LEASE_DURATION;
use self::{
    attempt::Outcome,
    endpoint_queues::EndpointQueues,
    lease::{DeliveryKey, FreeCapacity, PollResult},
    record::RecordedBatch,
};
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Result, Timestamp,
        clock::{Stopwatch, sleep_real_time, with_timeout},
    },
};

/// Maximum time for running attempts to finish at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);
/// Wait after an error of the database, in real time.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Maximum time between two polls of the database without any signal. If a signal is lost, deliveries are only
/// late.
const POLL_INTERVAL: Duration = Duration::from_secs(30);
/// Minimum time until the next poll after one that leased nothing. With a slow endpoint, most signals announce
/// only more messages for it.
const IDLE_WAIT: Duration = Duration::from_millis(2);
/// Time between two runs that delete old messages.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);

/// Delivers due messages until `stop` completes.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let mut dispatcher = Dispatcher::start(app).await;
    tokio::pin!(stop);
    loop {
        dispatcher.start_tasks();
        dispatcher.report_idle();
        dispatcher.update_metrics();
        let wake = dispatcher.next_wake();
        tokio::select! {
            () = &mut stop => break,
            Some(done) = dispatcher.tasks.join_next() => match done {
                Ok(done) => dispatcher.handle_result(done),
                Err(error) => {
                    error!(%error, "a task of the dispatcher panicked: it begins anew");
                    dispatcher = Dispatcher::start(dispatcher.app).await;
                    dispatcher.pause();
                }
            },
            () = dispatcher.app.webhook_doorbell().notified() => {}
            () = dispatcher.app.clock().sleep_until(wake) => {}
            () = sleep_real_time(POLL_INTERVAL) => {}
        }
    }
    dispatcher.finish().await;
}

/// Removes some data of deleted endpoints; if there are none, prunes old messages. Returns true if deleted
/// endpoints may be left.
async fn clean_up(app: &App) -> Result<bool> {
    if remove_deleted::remove_deleted_endpoint(app).await? {
        return Ok(true);
    }
    prune::prune_messages(app).await?;
    Ok(false)
}

/// The result of a task of the dispatcher.
enum TaskResult {
    Attempted(Box<Outcome>),
    Polled(Result<PollResult>),
    /// On failure, the outcomes that could not be recorded.
    Recorded(std::result::Result<RecordedBatch, Vec<Outcome>>),
    Released,
    /// True if there is more to remove.
    Pruned(Result<bool>),
    Paused,
    IdleWaitEnded,
}

struct Dispatcher {
    app: App,
    queues: EndpointQueues,
    /// The deliveries in memory: waiting, being attempted or not yet recorded.
    in_memory: HashSet<DeliveryKey>,
    /// The deliveries in memory that were leased a second time, after a jump of the clock or a resend.
    leased_again: HashSet<DeliveryKey>,
    unrecorded: Vec<Outcome>,
    tasks: JoinSet<TaskResult>,
    /// True if there may be due deliveries without a lease.
    needs_poll: bool,
    /// True while a poll runs, and for a moment after one that leased nothing.
    polling: bool,
    /// Time since the last poll without a signal.
    since_poll: Stopwatch,
    recording: bool,
    pruning: bool,
    paused: bool,
    releasing: usize,
    /// The number of wake-ups and the version of the endpoints that were read last.
    wake_count: u64,
    endpoints_version: u64,
    /// The version of the endpoints at the start of the last removal.
    pruned_version: u64,
    /// The endpoint of the last lease.
    last_endpoint: i64,
    next_due: Option<Timestamp>,
    next_prune: Timestamp,
}

impl Dispatcher {
    /// Creates a dispatcher without deliveries, after releasing the leases of the previous one.
    async fn start(app: App) -> Self {
        if let Err(error) = lease::release_all_leases(&app).await {
            warn!(%error, "deliveries of the last run wait for the end of their leases");
        }
        Self {
            queues: EndpointQueues::new(app.webhook_settings()),
            in_memory: HashSet::new(),
            leased_again: HashSet::new(),
            unrecorded: Vec::new(),
            tasks: JoinSet::new(),
            needs_poll: true,
            polling: false,
            since_poll: Stopwatch::start(),
            recording: false,
            pruning: false,
            paused: false,
            releasing: 0,
            wake_count: 0,
            endpoints_version: app.webhook_doorbell().endpoints_version(),
            pruned_version: 0,
            last_endpoint: 0,
            next_due: None,
            next_prune: app.clock().now(),
            app,
        }
    }

    /// Starts every task that can start now.
    fn start_tasks(&mut self) {
        let now = self.app.clock().now();
        let hints = self.app.webhook_doorbell().wake_count();
        if hints != self.wake_count {
            self.wake_count = hints;
            self.needs_poll = true;
        }
        if self.since_poll.elapsed() >= POLL_INTERVAL {
            self.since_poll = Stopwatch::start();
            self.needs_poll = true;
        }
        if self.next_due.is_some_and(|due| due <= now) {
            self.next_due = None;
            self.needs_poll = true;
        }
        let version = self.app.webhook_doorbell().endpoints_version();
        if version != self.endpoints_version {
            self.endpoints_version = version;
            // The change may be a deletion, which leaves data to remove.
            self.next_prune = now;
            let stale = self.queues.drain();
            self.release_leases(stale);
        }
        // Without this, the next run would be too late after the clock went back.
        self.next_prune = self.next_prune.min(now.plus(PRUNE_INTERVAL));
        if self.paused {
            return;
        }
        while let Some((target, delivery)) = self.queues.pop_next() {
            let app = self.app.clone();
            self.tasks.spawn(async move {
                TaskResult::Attempted(Box::new(
                    attempt::attempt_delivery(&app, &target, delivery).await,
                ))
            });
        }
        if !self.recording && !self.unrecorded.is_empty() {
            self.recording = true;
            let outcomes = std::mem::take(&mut self.unrecorded);
            let app = self.app.clone();
            self.tasks.spawn(async move {
                TaskResult::Recorded(record::record_outcomes(&app, outcomes).await)
            });
        }
        if self.needs_poll
            && !self.polling
            && self.releasing == 0
            && self.queues.total_free_slots() > 0
        {
            self.needs_poll = false;
            self.polling = true;
            let wanted = FreeCapacity {
                free_slots: self.queues.free_slots(),
                capacity_per_endpoint: self.queues.capacity_per_endpoint(),
                total_free_slots: self.queues.total_free_slots(),
                last_endpoint: self.last_endpoint,
            };
            let app = self.app.clone();
            self.tasks
                .spawn(async move { TaskResult::Polled(lease::poll_due(&app, wanted).await) });
        }
        if !self.pruning && self.next_prune <= now {
            self.pruning = true;
            self.pruned_version = self.endpoints_version;
            let app = self.app.clone();
            self.tasks
                .spawn(async move { TaskResult::Pruned(clean_up(&app).await) });
        }
    }

    fn handle_result(&mut self, done: TaskResult) {
        match done {
            TaskResult::Attempted(outcome) => {
                self.needs_poll |= self.queues.finish_attempt(outcome.key.endpoint);
                self.unrecorded.push(*outcome);
            }
            TaskResult::Polled(looked) => {
                self.polling = false;
                match looked {
                    Ok(looked) => self.add_leases(looked),
                    Err(error) => {
                        warn!(%error, "deliveries that are due wait");
                        self.needs_poll = true;
                        self.pause();
                    }
                }
            }
            TaskResult::Recorded(Ok(recorded)) => {
                self.recording = false;
                self.needs_poll |= recorded.may_retry;
                let mut again = Vec::new();
                for key in recorded.deliveries {
                    self.in_memory.remove(&key);
                    again.extend(self.leased_again.take(&key));
                }
                self.release_leases(again);
            }
            TaskResult::Recorded(Err(outcomes)) => {
                self.recording = false;
                self.unrecorded.extend(outcomes);
                self.pause();
            }
            TaskResult::Released => {
                self.releasing -= 1;
                self.needs_poll = true;
            }
            TaskResult::Pruned(pruned) => {
                self.pruning = false;
                if let Err(error) = &pruned {
                    warn!(%error, "what is to be removed of webhooks is kept for another hour");
                }
                if !pruned.unwrap_or(false) && self.pruned_version == self.endpoints_version {
                    self.next_prune = self.app.clock().now().plus(PRUNE_INTERVAL);
                }
            }
            TaskResult::Paused => self.paused = false,
            TaskResult::IdleWaitEnded => self.polling = false,
        }
    }

    fn add_leases(&mut self, looked: PollResult) {
        self.last_endpoint = looked.last_endpoint;
        self.next_due = looked.next_due;
        self.queues.mark_backlogs(&looked.backlogged);
        if looked.batches.is_empty() {
            self.idle_wait();
        }
        let stale = looked.endpoints_version != self.endpoints_version;
        let mut returned = Vec::new();
        for taken in looked.batches {
            // More may be due than was leased.
            self.needs_poll = true;
            for delivery in taken.deliveries {
                if !self.in_memory.insert(delivery.key) {
                    self.leased_again.insert(delivery.key);
                    continue;
                }
                if stale {
                    returned.push(delivery.key);
                } else {
                    self.queues.push(&taken.target, delivery);
                }
            }
        }
        self.release_leases(returned);
    }

    /// Releases leases, so that the deliveries are leased again with current endpoint data.
    fn release_leases(&mut self, deliveries: Vec<DeliveryKey>) {
        if deliveries.is_empty() {
            return;
        }
        for key in &deliveries {
            self.in_memory.remove(key);
        }
        self.releasing += 1;
        let app = self.app.clone();
        self.tasks.spawn(async move {
            if let Err(error) = lease::release_leases(&app, deliveries).await {
                warn!(%error, "deliveries wait for the end of their leases");
            }
            TaskResult::Released
        });
    }

    fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        // In real time, because the clock of the product may stand still.
        self.tasks.spawn(async {
            sleep_real_time(ERROR_PAUSE).await;
            TaskResult::Paused
        });
    }

    fn idle_wait(&mut self) {
        self.polling = true;
        self.tasks.spawn(async {
            sleep_real_time(IDLE_WAIT).await;
            TaskResult::IdleWaitEnded
        });
    }

    fn update_metrics(&self) {
        let held = i64::try_from(self.in_memory.len()).unwrap_or(i64::MAX);
        self.app.webhook_doorbell().metrics().in_memory.set(held);
    }

    /// Reports the dispatcher as idle if no work is left.
    fn report_idle(&self) {
        if self.tasks.is_empty() && !self.needs_poll && self.unrecorded.is_empty() {
            self.app.webhook_doorbell().report_idle(self.wake_count);
        }
    }

    /// Returns the next time at which the clock alone causes work. Work that a running task will cause is left
    /// out: a time in the past would make the event loop spin.
    fn next_wake(&self) -> Timestamp {
        let prune = (!self.pruning && !self.paused).then_some(self.next_prune);
        let wake = prune.into_iter().chain(self.next_due).min();
        wake.unwrap_or(Timestamp::from_micros(i64::MAX))
    }

    /// Waits a moment for running attempts, records their outcomes and releases the waiting deliveries.
    async fn finish(mut self) {
        let waiting = self.queues.drain();
        let drained = with_timeout(SHUTDOWN_GRACE, async {
            while let Some(done) = self.tasks.join_next().await {
                match done {
                    Ok(TaskResult::Attempted(outcome)) => self.unrecorded.push(*outcome),
                    Ok(TaskResult::Recorded(Err(outcomes))) => self.unrecorded.extend(outcomes),
                    _ => {}
                }
            }
        });
        if drained.await.is_err() {
            warn!("attempts that had no answer yet are made again at the next start");
        }
        self.tasks.abort_all();
        if !self.unrecorded.is_empty()
            && record::record_outcomes(&self.app, self.unrecorded)
                .await
                .is_err()
        {
            warn!("attempts that could not be written down are made again at the next start");
        }
        if let Err(error) = lease::release_leases(&self.app, waiting).await {
            warn!(%error, "deliveries go on at the next start");
        }
    }
}
