//! The dispatcher of webhooks: it leases due deliveries, attempts them with bounded concurrency and records the
//! outcomes in batches. Its event loop is `webhooks::dispatch_loop`.
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

use tokio::task::JoinError;
use tracing::{error, warn};

pub(super) use self::lease::LEASE_DURATION;
use self::{
    attempt::Outcome,
    endpoint_queues::EndpointQueues,
    lease::{DeliveryKey, FreeCapacity, PollResult},
    record::RecordedBatch,
};
use crate::{
    domain::{
        tenancy::app::App,
        webhooks::{
            Doorbell,
            dispatch_loop::{self, DispatchPolicy, LoopState},
        },
    },
    kernel::{Result, Timestamp, clock::sleep_real_time},
};

/// Minimum time until the next poll after one that leased nothing. With a slow endpoint, most signals announce
/// only more messages for it.
const IDLE_WAIT: Duration = Duration::from_millis(2);
/// Time between two runs that delete old messages.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);

/// Delivers due messages until `stop` completes.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let dispatcher = Dispatcher::start(app.clone()).await;
    dispatch_loop::run(&app, dispatcher, stop).await;
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

/// Delays the next poll for a moment.
fn idle_wait(state: &mut LoopState<TaskResult>) {
    state.polling = true;
    state.spawn(async {
        sleep_real_time(IDLE_WAIT).await;
        TaskResult::IdleWaitEnded
    });
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
    recording: bool,
    pruning: bool,
    releasing: usize,
    /// The version of the endpoints that was read last.
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
            warn!(%error, "leases of the last run cannot be released; their deliveries wait until they expire");
        }
        Self {
            queues: EndpointQueues::new(app.webhook_settings()),
            in_memory: HashSet::new(),
            leased_again: HashSet::new(),
            unrecorded: Vec::new(),
            recording: false,
            pruning: false,
            releasing: 0,
            endpoints_version: app.webhook_doorbell().endpoints_version(),
            pruned_version: 0,
            last_endpoint: 0,
            next_due: None,
            next_prune: app.clock().now(),
            app,
        }
    }

    /// Applies changes of the time and of the endpoints.
    fn apply_changes(&mut self, now: Timestamp, state: &mut LoopState<TaskResult>) {
        if self.next_due.is_some_and(|due| due <= now) {
            self.next_due = None;
            state.needs_poll = true;
        }
        let version = self.app.webhook_doorbell().endpoints_version();
        if version != self.endpoints_version {
            self.endpoints_version = version;
            // The change may be a deletion, which leaves data to remove.
            self.next_prune = now;
            let stale = self.queues.drain();
            self.release_leases(stale, state);
        }
        // Without this, the next run would be too late after the clock went back.
        self.next_prune = self.next_prune.min(now.plus(PRUNE_INTERVAL));
    }

    fn spawn_tasks(&mut self, now: Timestamp, state: &mut LoopState<TaskResult>) {
        while let Some((target, delivery)) = self.queues.pop_next() {
            let app = self.app.clone();
            state.spawn(async move {
                TaskResult::Attempted(Box::new(
                    attempt::attempt_delivery(&app, &target, delivery).await,
                ))
            });
        }
        if !self.recording && !self.unrecorded.is_empty() {
            self.recording = true;
            let outcomes = std::mem::take(&mut self.unrecorded);
            let app = self.app.clone();
            state.spawn(async move {
                TaskResult::Recorded(record::record_outcomes(&app, outcomes).await)
            });
        }
        if state.needs_poll
            && !state.polling
            && self.releasing == 0
            && self.queues.total_free_slots() > 0
        {
            state.needs_poll = false;
            state.polling = true;
            let wanted = FreeCapacity {
                free_slots: self.queues.free_slots(),
                capacity_per_endpoint: self.queues.capacity_per_endpoint(),
                total_free_slots: self.queues.total_free_slots(),
                last_endpoint: self.last_endpoint,
            };
            let app = self.app.clone();
            state.spawn(async move { TaskResult::Polled(lease::poll_due(&app, wanted).await) });
        }
        if !self.pruning && self.next_prune <= now {
            self.pruning = true;
            self.pruned_version = self.endpoints_version;
            let app = self.app.clone();
            state.spawn(async move { TaskResult::Pruned(clean_up(&app).await) });
        }
    }

    fn add_leases(&mut self, polled: PollResult, state: &mut LoopState<TaskResult>) {
        self.last_endpoint = polled.last_endpoint;
        self.next_due = polled.next_due;
        self.queues.mark_backlogs(&polled.backlogged);
        if polled.batches.is_empty() {
            idle_wait(state);
        }
        let stale = polled.endpoints_version != self.endpoints_version;
        let mut returned = Vec::new();
        for taken in polled.batches {
            // More may be due than was leased.
            state.needs_poll = true;
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
        self.release_leases(returned, state);
    }

    /// Releases leases, so that the deliveries are leased again with current endpoint data.
    fn release_leases(&mut self, deliveries: Vec<DeliveryKey>, state: &mut LoopState<TaskResult>) {
        if deliveries.is_empty() {
            return;
        }
        for key in &deliveries {
            self.in_memory.remove(key);
        }
        self.releasing += 1;
        let app = self.app.clone();
        state.spawn(async move {
            if let Err(error) = lease::release_leases(&app, deliveries).await {
                warn!(%error, "leases cannot be released; their deliveries wait until they expire");
            }
            TaskResult::Released
        });
    }

    fn update_metrics(&self) {
        let held = i64::try_from(self.in_memory.len()).unwrap_or(i64::MAX);
        self.app.webhook_doorbell().metrics().in_memory.set(held);
    }
}

impl DispatchPolicy for Dispatcher {
    type TaskResult = TaskResult;

    fn doorbell(app: &App) -> &Doorbell {
        app.webhook_doorbell()
    }

    fn start_tasks(&mut self, state: &mut LoopState<TaskResult>) {
        let now = self.app.clock().now();
        self.apply_changes(now, state);
        if !state.paused {
            self.spawn_tasks(now, state);
        }
        self.update_metrics();
    }

    fn handle_result(&mut self, result: TaskResult, state: &mut LoopState<TaskResult>) {
        match result {
            TaskResult::Attempted(outcome) => {
                state.needs_poll |= self.queues.finish_attempt(outcome.key.endpoint);
                self.unrecorded.push(*outcome);
            }
            TaskResult::Polled(polled) => {
                state.polling = false;
                match polled {
                    Ok(polled) => self.add_leases(polled, state),
                    Err(error) => {
                        warn!(%error, "due deliveries cannot be leased; they are polled again");
                        state.needs_poll = true;
                        state.pause();
                    }
                }
            }
            TaskResult::Recorded(Ok(recorded)) => {
                self.recording = false;
                state.needs_poll |= recorded.may_retry;
                let mut again = Vec::new();
                for key in recorded.deliveries {
                    self.in_memory.remove(&key);
                    again.extend(self.leased_again.take(&key));
                }
                self.release_leases(again, state);
            }
            TaskResult::Recorded(Err(outcomes)) => {
                self.recording = false;
                self.unrecorded.extend(outcomes);
                state.pause();
            }
            TaskResult::Released => {
                self.releasing -= 1;
                state.needs_poll = true;
            }
            TaskResult::Pruned(pruned) => {
                self.pruning = false;
                if let Err(error) = &pruned {
                    warn!(%error, "old webhook data cannot be deleted; the deletion is retried in an hour");
                }
                if !pruned.unwrap_or(false) && self.pruned_version == self.endpoints_version {
                    self.next_prune = self.app.clock().now().plus(PRUNE_INTERVAL);
                }
            }
            TaskResult::IdleWaitEnded => state.polling = false,
        }
    }

    fn is_idle(&self) -> bool {
        self.unrecorded.is_empty()
    }

    fn next_wake(&self, state: &LoopState<TaskResult>) -> Option<Timestamp> {
        let prune = (!self.pruning && !state.paused).then_some(self.next_prune);
        prune.into_iter().chain(self.next_due).min()
    }

    /// Abandons running attempts. They are made again.
    async fn restart(self, panic: JoinError) -> Self {
        error!(error = %panic, "a task of the dispatcher panicked; the dispatcher restarts");
        Self::start(self.app).await
    }

    fn keep_outcomes(&mut self, result: TaskResult) {
        match result {
            TaskResult::Attempted(outcome) => self.unrecorded.push(*outcome),
            TaskResult::Recorded(Err(outcomes)) => self.unrecorded.extend(outcomes),
            _ => {}
        }
    }

    /// Records outcomes and releases the waiting deliveries.
    async fn shut_down(mut self, drained: bool) {
        if !drained {
            warn!("attempts without a response are repeated at the next start");
        }
        if !self.unrecorded.is_empty()
            && record::record_outcomes(&self.app, self.unrecorded)
                .await
                .is_err()
        {
            warn!("attempts without a stored outcome are repeated at the next start");
        }
        if let Err(error) = lease::release_leases(&self.app, self.queues.drain()).await {
            warn!(%error, "leases cannot be released; their deliveries continue at the next start");
        }
    }
}
