//! In-memory queues of leased deliveries, one for each endpoint, with limits on concurrent attempts.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{
    attempt::Target,
    lease::{DeliveryKey, LeasedDelivery},
};
use crate::domain::webhooks::Settings;

/// Maximum number of deliveries of one endpoint in memory.
const MAX_PER_ENDPOINT: usize = 512;
/// Maximum number of waiting deliveries in memory, over all endpoints.
const MAX_WAITING: usize = 8192;

/// The queues of all endpoints with leased deliveries.
pub(super) struct EndpointQueues {
    queues: HashMap<i64, EndpointQueue>,
    /// Endpoints that can start an attempt, in round-robin order.
    ready: VecDeque<i64>,
    waiting: usize,
    running: usize,
    /// True if deliveries stayed in the database because too many wait in memory.
    has_backlog: bool,
    max_running: usize,
    max_running_per_endpoint: usize,
}

struct EndpointQueue {
    target: Arc<Target>,
    waiting: VecDeque<LeasedDelivery>,
    running: usize,
    /// True if the endpoint is in the round-robin queue.
    is_ready: bool,
    /// True if more of its deliveries are due in the database.
    has_backlog: bool,
}

impl EndpointQueues {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            queues: HashMap::new(),
            ready: VecDeque::new(),
            waiting: 0,
            running: 0,
            has_backlog: false,
            max_running: settings.concurrency.max(1),
            max_running_per_endpoint: settings.concurrency_per_endpoint.max(1),
        }
    }

    /// Adds a leased delivery.
    pub(super) fn push(&mut self, target: &Arc<Target>, delivery: LeasedDelivery) {
        let lane = self
            .queues
            .entry(target.seq)
            .or_insert_with(|| EndpointQueue {
                target: target.clone(),
                waiting: VecDeque::new(),
                running: 0,
                is_ready: false,
                has_backlog: false,
            });
        lane.target = target.clone();
        lane.waiting.push_back(delivery);
        self.waiting += 1;
        self.mark_ready(target.seq);
    }

    /// Removes and returns the next delivery to attempt, if the concurrency limits allow one.
    pub(super) fn pop_next(&mut self) -> Option<(Arc<Target>, LeasedDelivery)> {
        if self.running >= self.max_running {
            return None;
        }
        loop {
            let seq = self.ready.pop_front()?;
            let Some(lane) = self.queues.get_mut(&seq) else {
                continue;
            };
            lane.is_ready = false;
            if lane.running >= self.max_running_per_endpoint {
                continue;
            }
            let Some(delivery) = lane.waiting.pop_front() else {
                continue;
            };
            lane.running += 1;
            self.running += 1;
            self.waiting -= 1;
            let target = lane.target.clone();
            self.mark_ready(seq);
            return Some((target, delivery));
        }
    }

    /// Records the end of an attempt. Returns true if there is room again for due deliveries that were left in
    /// the database.
    pub(super) fn finish_attempt(&mut self, seq: i64) -> bool {
        self.running -= 1;
        let mut wants = self.has_backlog && self.waiting <= MAX_WAITING / 2;
        if wants {
            self.has_backlog = false;
        }
        if let Some(lane) = self.queues.get_mut(&seq) {
            lane.running -= 1;
            if lane.has_backlog && lane.waiting.len() <= MAX_PER_ENDPOINT / 2 {
                lane.has_backlog = false;
                wants = true;
            }
            if lane.running == 0 && lane.waiting.is_empty() {
                self.queues.remove(&seq);
            }
        }
        self.mark_ready(seq);
        wants
    }

    fn mark_ready(&mut self, seq: i64) {
        if let Some(lane) = self.queues.get_mut(&seq)
            && !lane.is_ready
            && !lane.waiting.is_empty()
            && lane.running < self.max_running_per_endpoint
        {
            lane.is_ready = true;
            self.ready.push_back(seq);
        }
    }

    /// Marks the endpoints that have more due deliveries than were leased.
    pub(super) fn mark_backlogs(&mut self, full: &[i64]) {
        for seq in full {
            match self.queues.get_mut(seq) {
                Some(lane) => lane.has_backlog = true,
                None => self.has_backlog = true,
            }
        }
    }

    /// Removes all waiting deliveries and returns their keys.
    pub(super) fn drain(&mut self) -> Vec<DeliveryKey> {
        let mut taken = Vec::with_capacity(self.waiting);
        for lane in self.queues.values_mut() {
            taken.extend(lane.waiting.drain(..).map(|delivery| delivery.key));
        }
        self.queues.retain(|_, lane| lane.running > 0);
        self.waiting = 0;
        taken
    }

    /// Returns the number of free slots of each endpoint that has deliveries in memory. The others have
    /// [`Self::capacity_per_endpoint`] free slots.
    pub(super) fn free_slots(&self) -> HashMap<i64, usize> {
        let rooms = self.queues.iter().map(|(seq, lane)| {
            let used = lane.waiting.len() + lane.running;
            (*seq, MAX_PER_ENDPOINT.saturating_sub(used))
        });
        rooms.collect()
    }

    /// Returns the maximum number of deliveries of one endpoint in memory.
    pub(super) const fn capacity_per_endpoint(&self) -> usize {
        MAX_PER_ENDPOINT
    }

    /// Returns the number of deliveries that may still be added.
    pub(super) const fn total_free_slots(&self) -> usize {
        MAX_WAITING.saturating_sub(self.waiting)
    }
}
