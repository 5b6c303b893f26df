//! The event loop of a dispatcher. It starts tasks, waits for their results and for signals, and lets running tasks
//! finish at shutdown. A [`DispatchPolicy`] decides which tasks run; each dispatcher has one.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::Doorbell;
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Timestamp,
        clock::{Stopwatch, sleep_real_time, with_timeout},
    },
};

/// Maximum time for running tasks to finish at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);
/// Pause after an error of the database, in real time.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Maximum time between two polls of the database without a signal, in real time. A lost signal delays deliveries
/// by at most this time.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// The part of a dispatcher that differs: its queues, its tasks, and the order of work.
pub(in crate::domain) trait DispatchPolicy: Send + Sized {
    /// Result of a task.
    type TaskResult: Send + 'static;

    /// Returns the doorbell of this dispatcher.
    fn doorbell(app: &App) -> &Doorbell;

    /// Starts all tasks that can start now. While the loop is paused, starts no new work.
    fn start_tasks(&mut self, state: &mut LoopState<Self::TaskResult>);

    /// Updates the queues with the result of a task.
    fn handle_result(&mut self, result: Self::TaskResult, state: &mut LoopState<Self::TaskResult>);

    /// Receives input that does not come from tasks. It must be cancel safe. By default there is none.
    fn receive_input(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// True if no work is left, apart from running tasks and a poll.
    fn is_idle(&self) -> bool;

    /// Returns the next time at which the clock alone causes work. It leaves out work that a running task will
    /// cause: a time in the past would make the loop spin.
    fn next_wake(&self, state: &LoopState<Self::TaskResult>) -> Option<Timestamp>;

    /// Logs the panic of a task, and returns a policy that starts from the database again.
    fn restart(self, panic: JoinError) -> impl Future<Output = Self> + Send;

    /// Keeps the outcomes in the result of a task that ended during shutdown.
    fn keep_outcomes(&mut self, result: Self::TaskResult);

    /// Records the outcomes that were kept. `drained` is false if some tasks did not finish in time.
    fn shut_down(self, drained: bool) -> impl Future<Output = ()> + Send;
}

/// Result of a task of the loop.
enum LoopTask<R> {
    Finished(R),
    PauseEnded,
}

/// State that the loop shares with its policy.
pub(in crate::domain) struct LoopState<R> {
    tasks: JoinSet<LoopTask<R>>,
    /// True if the database may have due deliveries that were not polled yet.
    pub(in crate::domain) needs_poll: bool,
    /// True while a poll runs, or while the policy delays the next one.
    pub(in crate::domain) polling: bool,
    /// True during the pause after an error.
    pub(in crate::domain) paused: bool,
    /// Time since the last poll without a signal.
    since_poll: Stopwatch,
    /// Number of wake-ups at the last step.
    wake_count: u64,
}

impl<R: Send + 'static> LoopState<R> {
    fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            needs_poll: true,
            polling: false,
            paused: false,
            since_poll: Stopwatch::start(),
            wake_count: 0,
        }
    }

    /// Starts a task. The policy receives its result.
    pub(in crate::domain) fn spawn(&mut self, task: impl Future<Output = R> + Send + 'static) {
        self.tasks
            .spawn(async move { LoopTask::Finished(task.await) });
    }

    /// Pauses the loop for a moment, after an error.
    pub(in crate::domain) fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        // Uses real time: the application clock may be frozen.
        self.tasks.spawn(async {
            sleep_real_time(ERROR_PAUSE).await;
            LoopTask::PauseEnded
        });
    }

    /// Requests a poll after a wake-up, and when the last poll was long ago.
    fn check_signals(&mut self, doorbell: &Doorbell) {
        let wake_count = doorbell.wake_count();
        if wake_count != self.wake_count {
            self.wake_count = wake_count;
            self.needs_poll = true;
        }
        if self.since_poll.elapsed() >= POLL_INTERVAL {
            self.since_poll = Stopwatch::start();
            self.needs_poll = true;
        }
    }
}

/// Runs a dispatcher until `stop` completes.
pub(in crate::domain) async fn run<P: DispatchPolicy>(
    app: &App,
    mut policy: P,
    stop: impl Future<Output = ()>,
) {
    let doorbell = P::doorbell(app);
    let mut state = LoopState::new();
    tokio::pin!(stop);
    loop {
        state.check_signals(doorbell);
        policy.start_tasks(&mut state);
        if state.tasks.is_empty() && !state.needs_poll && policy.is_idle() {
            doorbell.report_idle(state.wake_count);
        }
        let wake = policy
            .next_wake(&state)
            .unwrap_or(Timestamp::from_micros(i64::MAX));
        tokio::select! {
            () = &mut stop => break,
            Some(done) = state.tasks.join_next() => match done {
                Ok(LoopTask::Finished(result)) => policy.handle_result(result, &mut state),
                Ok(LoopTask::PauseEnded) => state.paused = false,
                Err(error) => {
                    policy = policy.restart(error).await;
                    // Aborts the remaining tasks.
                    state = LoopState::new();
                    state.pause();
                }
            },
            () = policy.receive_input() => {}
            () = doorbell.notified() => {}
            () = app.clock().sleep_until(wake) => {}
            () = sleep_real_time(POLL_INTERVAL) => {}
        }
    }
    finish(policy, state).await;
}

/// Waits a moment for running tasks, and then has the policy record their outcomes.
async fn finish<P: DispatchPolicy>(mut policy: P, mut state: LoopState<P::TaskResult>) {
    let drained = with_timeout(SHUTDOWN_GRACE, async {
        while let Some(done) = state.tasks.join_next().await {
            if let Ok(LoopTask::Finished(result)) = done {
                policy.keep_outcomes(result);
            }
        }
    });
    let drained = drained.await.is_ok();
    state.tasks.abort_all();
    policy.shut_down(drained).await;
}
