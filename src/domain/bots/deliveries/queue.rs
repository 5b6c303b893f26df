//! In-memory queue of pending deliveries: a FIFO for each receiver and ordering key (a lane). A lane runs one
//! delivery at a time, a receiver runs a few, and receivers take turns (round robin).

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    ops::RangeInclusive,
    time::Duration,
};

use super::Settings;
use crate::kernel::Timestamp;

/// Maximum number of deliveries in memory, apart from the minimum of each receiver; the others wait in the
/// database. Each takes 16 bytes.
const MAX_IN_MEMORY: usize = 200_000;

/// Minimum and maximum limit of deliveries in memory for one receiver.
const IN_MEMORY_PER_RECEIVER: RangeInclusive<usize> = 4..=2_000;

/// Divisor of the free capacity: the part that one receiver may use. So hanging receivers always leave room for
/// the next one.
const SHARE_DIVISOR: usize = 2;

/// Maximum number of receivers over their share that are reconsidered when an attempt ends.
const MAX_RECHECKED: usize = 16;

/// Row of a bot, with 0 or the row of an installation in it.
pub(super) type ReceiverKey = (i64, i64);

/// A receiver and the ordering key of its deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LaneKey {
    pub(super) receiver: ReceiverKey,
    pub(super) ordering_key: i64,
}

/// Next step for a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// The delivery succeeded or is given up.
    Done,
    /// The next attempt starts at this time.
    RetryAt(Timestamp),
}

#[derive(Debug, Clone, Copy)]
struct QueuedDelivery {
    seq: i64,
    due_at: Timestamp,
}

#[derive(Default)]
struct ReceiverState {
    /// Lanes whose first delivery can start.
    ready: VecDeque<LaneKey>,
    running: usize,
    in_memory: usize,
    in_round_robin: bool,
    /// Number of running attempts that an immediate retry also covers; each is repeated at once if it fails.
    immediate_retries: usize,
    /// Row of the first delivery of the backlog: all deliveries from here on are only in the database.
    backlog_from: Option<i64>,
}

impl ReceiverState {
    fn is_empty(&self) -> bool {
        self.running == 0
            && self.ready.is_empty()
            && self.in_memory == 0
            && self.backlog_from.is_none()
    }
}

/// Backlog of a receiver: deliveries that are only in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backlog {
    pub(super) receiver: ReceiverKey,
    /// Row of the first delivery.
    pub(super) from: i64,
}

/// All lanes with pending deliveries.
pub(super) struct DeliveryQueue {
    lanes: HashMap<LaneKey, VecDeque<QueuedDelivery>>,
    receivers: HashMap<ReceiverKey, ReceiverState>,
    round_robin: VecDeque<ReceiverKey>,
    /// Receivers that have a backlog, and room to load some of it.
    loadable: BTreeSet<ReceiverKey>,
    /// Receivers with ready lanes that already use their share of the free capacity.
    over_share: VecDeque<ReceiverKey>,
    /// Lanes whose first delivery has to wait, by due time.
    delayed: BTreeSet<(Timestamp, LaneKey)>,
    in_memory: usize,
    running: usize,
    max_running: usize,
    max_per_receiver: usize,
    /// Maximum delay of a retry. A longer delay comes from before the clock went back, so the delivery counts as
    /// due.
    max_retry_delay: Duration,
}

impl DeliveryQueue {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            lanes: HashMap::new(),
            receivers: HashMap::new(),
            round_robin: VecDeque::new(),
            loadable: BTreeSet::new(),
            over_share: VecDeque::new(),
            delayed: BTreeSet::new(),
            in_memory: 0,
            running: 0,
            max_running: settings.concurrency.max(1),
            max_per_receiver: settings.concurrency_per_receiver.max(1),
            max_retry_delay: settings.max_retry_delay(),
        }
    }

    /// Returns the present limit of deliveries in memory for one receiver.
    fn receiver_limit(&self) -> usize {
        let share = MAX_IN_MEMORY.saturating_sub(self.in_memory) / SHARE_DIVISOR;
        share.clamp(
            *IN_MEMORY_PER_RECEIVER.start(),
            *IN_MEMORY_PER_RECEIVER.end(),
        )
    }

    /// Appends a delivery to its lane, or leaves it in the database if its receiver has reached the limit.
    pub(super) fn push(&mut self, key: LaneKey, seq: i64, due_at: Timestamp, now: Timestamp) {
        let room = self.receiver_limit();
        let receiver = self.receivers.entry(key.receiver).or_default();
        if receiver.backlog_from.is_some() || receiver.in_memory >= room {
            receiver.backlog_from.get_or_insert(seq);
            return;
        }
        receiver.in_memory += 1;
        self.in_memory += 1;
        let lane = self.lanes.entry(key).or_default();
        lane.push_back(QueuedDelivery { seq, due_at });
        if lane.len() == 1 {
            self.place_lane(key, now);
        }
    }

    /// Takes a backlog that has room now. The caller must push its deliveries again, in order, until a new
    /// backlog starts.
    pub(super) fn take_backlog(&mut self) -> Option<Backlog> {
        while let Some(key) = self.loadable.pop_first() {
            let Some(receiver) = self.receivers.get_mut(&key) else {
                continue;
            };
            if let Some(from) = receiver.backlog_from.take() {
                return Some(Backlog {
                    receiver: key,
                    from,
                });
            }
        }
        None
    }

    /// Restores a backlog that was not loaded, or not completely.
    pub(super) fn restore_backlog(&mut self, left: Backlog) {
        let receiver = self.receivers.entry(left.receiver).or_default();
        receiver.backlog_from = Some(
            receiver
                .backlog_from
                .map_or(left.from, |known| known.min(left.from)),
        );
        self.update_loadable(left.receiver);
    }

    /// Marks a receiver as loadable if it has a backlog and uses at most half of its limit; removes a receiver
    /// without deliveries.
    fn update_loadable(&mut self, key: ReceiverKey) {
        let room = self.receiver_limit();
        match self.receivers.get(&key) {
            Some(receiver) if receiver.is_empty() => {
                self.receivers.remove(&key);
            }
            Some(receiver) if receiver.backlog_from.is_some() && receiver.in_memory <= room / 2 => {
                self.loadable.insert(key);
            }
            _ => {}
        }
    }

    /// Makes lanes ready whose due time has come.
    pub(super) fn wake_due(&mut self, now: Timestamp) {
        while let Some((due_at, key)) = self.delayed.first().copied()
            && due_at <= now
        {
            self.delayed.pop_first();
            self.mark_ready(key);
        }
        while let Some((due_at, key)) = self.delayed.last().copied()
            && self.is_due(due_at, now)
        {
            self.delayed.pop_last();
            self.mark_ready(key);
        }
    }

    fn is_due(&self, due_at: Timestamp, now: Timestamp) -> bool {
        due_at <= now || due_at > now.plus(self.max_retry_delay)
    }

    /// Makes all lanes of a receiver ready now. Running attempts are repeated at once if they fail.
    pub(super) fn retry_now(&mut self, receiver: ReceiverKey, now: Timestamp) {
        let of_receiver = |(_, key): &(Timestamp, LaneKey)| key.receiver == receiver;
        let woken: Vec<_> = self.delayed.iter().copied().filter(of_receiver).collect();
        for (due_at, key) in woken {
            self.delayed.remove(&(due_at, key));
            if let Some(first) = self.lanes.get_mut(&key).and_then(VecDeque::front_mut) {
                first.due_at = now;
            }
            self.mark_ready(key);
        }
        if let Some(receiver) = self.receivers.get_mut(&receiver) {
            receiver.immediate_retries = receiver.running;
        }
    }

    /// Moves all due times back by the time that the system clock went back.
    pub(super) fn shift_due_times(&mut self, by: Duration) {
        for waiting in self.lanes.values_mut().flatten() {
            waiting.due_at = waiting.due_at.minus(by);
        }
        let asleep = std::mem::take(&mut self.delayed).into_iter();
        self.delayed = asleep.map(|(at, key)| (at.minus(by), key)).collect();
    }

    /// Returns the due time of the next waiting lane.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.delayed.first().map(|(due_at, _)| *due_at)
    }

    /// Starts the next delivery, if one can start now.
    pub(super) fn start_next(&mut self) -> Option<(LaneKey, i64)> {
        while self.running < self.max_running {
            let turn = self.round_robin.pop_front()?;
            let share = (self.max_running - self.running).div_ceil(SHARE_DIVISOR);
            let Some(receiver) = self.receivers.get_mut(&turn) else {
                continue;
            };
            if receiver.running >= share && receiver.running > 0 {
                // It keeps its turn.
                self.over_share.push_back(turn);
                continue;
            }
            receiver.in_round_robin = false;
            if receiver.running >= self.max_per_receiver {
                continue;
            }
            let Some(key) = receiver.ready.pop_front() else {
                continue;
            };
            receiver.running += 1;
            self.running += 1;
            self.add_to_round_robin(turn);
            if let Some(first) = self.lanes.get(&key).and_then(VecDeque::front) {
                return Some((key, first.seq));
            }
        }
        None
    }

    /// True if nothing could start now.
    pub(super) fn is_idle(&self) -> bool {
        self.running == 0 && self.round_robin.is_empty() && self.loadable.is_empty()
    }

    /// Ends the running attempt of a lane and applies its next step.
    pub(super) fn finish_attempt(&mut self, key: LaneKey, next: NextStep, now: Timestamp) {
        self.running -= 1;
        let mut next = next;
        if let Some(receiver) = self.receivers.get_mut(&key.receiver) {
            receiver.running -= 1;
            if receiver.immediate_retries > 0 {
                receiver.immediate_retries -= 1;
                next = match next {
                    NextStep::RetryAt(_) => NextStep::RetryAt(now),
                    NextStep::Done => NextStep::Done,
                };
            }
        }
        if let Some(lane) = self.lanes.get_mut(&key) {
            match next {
                NextStep::Done => {
                    lane.pop_front();
                    self.in_memory -= 1;
                    if let Some(receiver) = self.receivers.get_mut(&key.receiver) {
                        receiver.in_memory -= 1;
                    }
                }
                NextStep::RetryAt(due_at) => {
                    if let Some(first) = lane.front_mut() {
                        first.due_at = due_at;
                    }
                }
            }
        }
        self.place_lane(key, now);
        self.add_to_round_robin(key.receiver);
        let again = self.over_share.len().min(MAX_RECHECKED);
        self.round_robin.extend(self.over_share.drain(..again));
        self.update_loadable(key.receiver);
    }

    /// Puts a lane into the ready list or the waiting list, according to its first delivery; removes an empty
    /// lane.
    fn place_lane(&mut self, key: LaneKey, now: Timestamp) {
        match self.lanes.get(&key).and_then(VecDeque::front) {
            Some(first) if !self.is_due(first.due_at, now) => {
                self.delayed.insert((first.due_at, key));
            }
            Some(_) => self.mark_ready(key),
            None => {
                self.lanes.remove(&key);
            }
        }
    }

    fn mark_ready(&mut self, key: LaneKey) {
        let receiver = self.receivers.entry(key.receiver).or_default();
        receiver.ready.push_back(key);
        self.add_to_round_robin(key.receiver);
    }

    fn add_to_round_robin(&mut self, key: ReceiverKey) {
        if let Some(receiver) = self.receivers.get_mut(&key)
            && !receiver.in_round_robin
            && !receiver.ready.is_empty()
            && receiver.running < self.max_per_receiver
        {
            receiver.in_round_robin = true;
            self.round_robin.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests;
