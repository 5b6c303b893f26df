//! Lanes: what waits for each receiver, in order. Of a lane one delivery is under way at a time; of a
//! receiver a few are, and receivers take turns.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use super::Settings;
use crate::kernel::Timestamp;

/// How many deliveries are known here; the others wait in the database. One is 16 bytes.
const MAX_KNOWN: usize = 200_000;

/// A bot (0), or an installation of an integration in it.
pub(super) type Receiving = (i64, i64);

/// A lane of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) receiver: Receiving,
    pub(super) lane: i64,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is delivered, or given up.
    Over,
    /// It is attempted again at this time.
    At(Timestamp),
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    seq: i64,
    due_at: Timestamp,
}

#[derive(Default)]
struct Receiver {
    /// Its lanes that could start.
    ready: VecDeque<Key>,
    running: usize,
    has_turn: bool,
}

/// All lanes that have something to do.
pub(super) struct Lanes {
    lanes: HashMap<Key, VecDeque<Waiting>>,
    receivers: HashMap<Receiving, Receiver>,
    turns: VecDeque<Receiving>,
    /// Lanes whose first delivery is to be attempted later.
    asleep: BTreeSet<(Timestamp, Key)>,
    known: usize,
    running: usize,
    max_running: usize,
    max_per_receiver: usize,
    /// The longest that a delivery may have to wait. One that would wait longer was put off before the
    /// clock went back, and is due.
    longest_wait: Duration,
}

impl Lanes {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            lanes: HashMap::new(),
            receivers: HashMap::new(),
            turns: VecDeque::new(),
            asleep: BTreeSet::new(),
            known: 0,
            running: 0,
            max_running: settings.concurrency.max(1),
            max_per_receiver: settings.concurrency_per_receiver.max(1),
            longest_wait: settings.longest_wait(),
        }
    }

    /// Whether there is room for more deliveries.
    pub(super) const fn has_room(&self) -> bool {
        self.known < MAX_KNOWN
    }

    /// Adds a delivery behind those of its lane.
    pub(super) fn push(&mut self, key: Key, seq: i64, due_at: Timestamp, now: Timestamp) {
        let lane = self.lanes.entry(key).or_default();
        lane.push_back(Waiting { seq, due_at });
        self.known += 1;
        if lane.len() == 1 {
            self.place(key, now);
        }
    }

    /// Makes the lanes ready whose time has come.
    pub(super) fn wake(&mut self, now: Timestamp) {
        while let Some((due_at, key)) = self.asleep.first().copied()
            && due_at <= now
        {
            self.asleep.pop_first();
            self.ready(key);
        }
        while let Some((due_at, key)) = self.asleep.last().copied()
            && self.is_due(due_at, now)
        {
            self.asleep.pop_last();
            self.ready(key);
        }
    }

    fn is_due(&self, due_at: Timestamp, now: Timestamp) -> bool {
        due_at <= now || due_at > now.plus(self.longest_wait)
    }

    /// Makes the lanes of a receiver ready, whenever they were to be.
    pub(super) fn hasten(&mut self, receiver: Receiving, now: Timestamp) {
        let of_receiver = |(_, key): &(Timestamp, Key)| key.receiver == receiver;
        let woken: Vec<_> = self.asleep.iter().copied().filter(of_receiver).collect();
        for (due_at, key) in woken {
            self.asleep.remove(&(due_at, key));
            if let Some(first) = self.lanes.get_mut(&key).and_then(VecDeque::front_mut) {
                first.due_at = now;
            }
            self.ready(key);
        }
    }

    /// When the next lane wakes.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.asleep.first().map(|(due_at, _)| *due_at)
    }

    /// The next delivery to attempt, if one may be attempted now.
    pub(super) fn next(&mut self) -> Option<(Key, i64)> {
        while self.running < self.max_running {
            let turn = self.turns.pop_front()?;
            let Some(receiver) = self.receivers.get_mut(&turn) else {
                continue;
            };
            receiver.has_turn = false;
            if receiver.running >= self.max_per_receiver {
                continue;
            }
            let Some(key) = receiver.ready.pop_front() else {
                continue;
            };
            receiver.running += 1;
            self.running += 1;
            self.give_turn(turn);
            if let Some(first) = self.lanes.get(&key).and_then(VecDeque::front) {
                return Some((key, first.seq));
            }
        }
        None
    }

    /// Whether nothing could start now.
    pub(super) fn is_idle(&self) -> bool {
        self.running == 0 && self.turns.is_empty()
    }

    /// Notes what became of the delivery of a lane that was attempted.
    pub(super) fn done(&mut self, key: Key, next: Next, now: Timestamp) {
        self.running -= 1;
        if let Some(receiver) = self.receivers.get_mut(&key.receiver) {
            receiver.running -= 1;
        }
        if let Some(lane) = self.lanes.get_mut(&key) {
            match next {
                Next::Over => {
                    lane.pop_front();
                    self.known -= 1;
                }
                Next::At(due_at) => {
                    if let Some(first) = lane.front_mut() {
                        first.due_at = due_at;
                    }
                }
            }
        }
        self.place(key, now);
        self.give_turn(key.receiver);
    }

    /// Puts a lane where it belongs by its first delivery.
    fn place(&mut self, key: Key, now: Timestamp) {
        match self.lanes.get(&key).and_then(VecDeque::front) {
            Some(first) if !self.is_due(first.due_at, now) => {
                self.asleep.insert((first.due_at, key));
            }
            Some(_) => self.ready(key),
            None => {
                self.lanes.remove(&key);
            }
        }
        let idle = |receiver: &Receiver| receiver.running == 0 && receiver.ready.is_empty();
        if self.receivers.get(&key.receiver).is_some_and(idle) {
            self.receivers.remove(&key.receiver);
        }
    }

    fn ready(&mut self, key: Key) {
        let receiver = self.receivers.entry(key.receiver).or_default();
        receiver.ready.push_back(key);
        self.give_turn(key.receiver);
    }

    fn give_turn(&mut self, receiving: Receiving) {
        if let Some(receiver) = self.receivers.get_mut(&receiving)
            && !receiver.has_turn
            && !receiver.ready.is_empty()
            && receiver.running < self.max_per_receiver
        {
            receiver.has_turn = true;
            self.turns.push_back(receiving);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    proptest! {
        /// Whatever fails, each lane goes in order, one at a time, and nothing is left.
        #[test]
        fn each_lane_goes_in_order(
            lanes in prop::collection::vec((0_i64..3, 0_i64..3), 1..40),
            fails in prop::collection::vec(any::<bool>(), 200),
            goes_back in prop::collection::vec(any::<bool>(), 20),
        ) {
            let settings = Settings {
                concurrency: 3,
                concurrency_per_receiver: 2,
                retry_seconds: vec![0],
                ..Settings::default()
            };
            let mut goes_back = goes_back.into_iter();
            let mut all = Lanes::new(&settings);
            let mut expected: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
            for (seq, (receiver, lane)) in (1..).zip(&lanes) {
                let key = Key { receiver: (*receiver, 0), lane: *lane };
                all.push(key, seq, NOW, NOW);
                expected.entry(key).or_default().push(seq);
            }
            let mut fails = fails.into_iter();
            let mut now = NOW;
            let mut delivered: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
            let mut running: Vec<(Key, i64)> = Vec::new();
            loop {
                while let Some((key, seq)) = all.next() {
                    prop_assert!(running.iter().all(|(other, _)| *other != key));
                    running.push((key, seq));
                    let of_receiver =
                        running.iter().filter(|(other, _)| other.receiver == key.receiver);
                    prop_assert!(of_receiver.count() <= 2);
                    prop_assert!(running.len() <= 3);
                }
                let Some((key, seq)) = running.pop() else {
                    let Some(due) = all.next_due() else { break };
                    // A clock may go back, by more than there are waits.
                    now = if goes_back.next().unwrap_or(false) { NOW } else { due };
                    all.wake(now);
                    continue;
                };
                if fails.next().unwrap_or(false) {
                    all.done(key, Next::At(Timestamp::from_micros(now.as_micros() + 7)), now);
                } else {
                    delivered.entry(key).or_default().push(seq);
                    all.done(key, Next::Over, now);
                }
            }
            prop_assert_eq!(delivered, expected);
            prop_assert!(all.is_idle() && all.lanes.is_empty() && all.receivers.is_empty());
            prop_assert_eq!(all.known, 0);
        }
    }
}
