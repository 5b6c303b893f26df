//! Tests of the order in which deliveries start.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_000);

proptest! {
    /// Each ordering key keeps its order and runs one delivery at a time, and no delivery is lost, for any
    /// failures.
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
        let mut all = DeliveryQueue::new(&settings);
        let mut expected: BTreeMap<LaneKey, Vec<i64>> = BTreeMap::new();
        for (seq, (receiver, lane)) in (1..).zip(&lanes) {
            let key = LaneKey { receiver: (*receiver, 0), ordering_key: *lane };
            all.push(key, seq, NOW, NOW);
            expected.entry(key).or_default().push(seq);
        }
        let mut fails = fails.into_iter();
        let mut now = NOW;
        let mut delivered: BTreeMap<LaneKey, Vec<i64>> = BTreeMap::new();
        let mut running: Vec<(LaneKey, i64)> = Vec::new();
        loop {
            while let Some((key, seq)) = all.start_next() {
                prop_assert!(running.iter().all(|(other, _)| *other != key));
                running.push((key, seq));
                let of_receiver =
                    running.iter().filter(|(other, _)| other.receiver == key.receiver);
                prop_assert!(of_receiver.count() <= 2);
                prop_assert!(running.len() <= 3);
            }
            let Some((key, seq)) = running.pop() else {
                let Some(due) = all.next_due() else { break };
                // The clock may go back by more than the longest delay.
                now = if goes_back.next().unwrap_or(false) { NOW } else { due };
                all.wake_due(now);
                continue;
            };
            if fails.next().unwrap_or(false) {
                all.finish_attempt(key, NextStep::RetryAt(Timestamp::from_micros(now.as_micros() + 7)), now);
            } else {
                delivered.entry(key).or_default().push(seq);
                all.finish_attempt(key, NextStep::Done, now);
            }
        }
        prop_assert_eq!(delivered, expected);
        prop_assert!(all.is_idle() && all.lanes.is_empty() && all.receivers.is_empty());
        prop_assert_eq!(all.in_memory, 0);
    }
}

fn key(receiver: i64, lane: i64) -> LaneKey {
    let receiver = (receiver, 0);
    LaneKey {
        receiver,
        ordering_key: lane,
    }
}

#[test]
fn receivers_that_hang_leave_room_for_others() {
    let mut all = DeliveryQueue::new(&Settings::default());
    let mut seq = 0;
    for (receiver, lane) in (1..=100).flat_map(|receiver| (0..40).map(move |lane| (receiver, lane)))
    {
        seq += 1;
        all.push(key(receiver, lane), seq, NOW, NOW);
    }
    let hanging = std::iter::from_fn(|| all.start_next()).count();
    assert!(hanging > 200, "{hanging}");
    all.push(key(101, 0), seq + 1, NOW, NOW);
    assert_eq!(all.start_next(), Some((key(101, 0), seq + 1)));
    // A single receiver may use its full limit.
    let mut all = DeliveryQueue::new(&Settings::default());
    for lane in 0..40 {
        all.push(key(1, lane), lane, NOW, NOW);
    }
    assert_eq!(std::iter::from_fn(|| all.start_next()).count(), 32);
}

#[test]
fn receivers_that_have_had_their_share_go_on_when_others_end() {
    let settings = Settings {
        concurrency: 4,
        concurrency_per_receiver: 4,
        ..Settings::default()
    };
    let mut all = DeliveryQueue::new(&settings);
    for (receiver, lane) in (1..=3).flat_map(|receiver| (0..5).map(move |lane| (receiver, lane))) {
        all.push(key(receiver, lane), receiver * 10 + lane, NOW, NOW);
    }
    let mut delivered = 0;
    let mut running = VecDeque::new();
    loop {
        running.extend(std::iter::from_fn(|| all.start_next()));
        let Some((key, _)) = running.pop_front() else {
            break;
        };
        all.finish_attempt(key, NextStep::Done, NOW);
        delivered += 1;
    }
    assert_eq!(delivered, 15);
    assert!(all.is_idle() && all.receivers.is_empty() && all.over_share.is_empty());
}

#[test]
fn a_backlog_stays_in_the_database_and_hides_nobody_elses() {
    let mut all = DeliveryQueue::new(&Settings::default());
    let later = NOW.plus(Duration::from_secs(60));
    for seq in 0..300_000 {
        all.push(key(1, seq % 7), seq, later, NOW);
    }
    assert_eq!(all.in_memory, 2_000);
    all.push(key(2, 0), 300_000, NOW, NOW);
    assert_eq!(all.start_next(), Some((key(2, 0), 300_000)));
    all.finish_attempt(key(2, 0), NextStep::Done, NOW);
    assert_eq!(all.take_backlog(), None);

    // When the receiver works again, its backlog is loaded in order.
    all.wake_due(later);
    let mut delivered = Vec::new();
    let mut database = 2_000..300_000;
    while delivered.len() < 300_000 {
        while let Some((key, seq)) = all.start_next() {
            delivered.push(seq);
            all.finish_attempt(key, NextStep::Done, later);
        }
        let Some(left) = all.take_backlog() else {
            break;
        };
        assert_eq!(left.receiver, (1, 0));
        database.start = left.from;
        for seq in database.clone().take(1_000) {
            all.push(key(1, seq % 7), seq, later, later);
        }
        if database.end - database.start > 1_000 {
            let from = database.start + 1_000;
            all.restore_backlog(Backlog { from, ..left });
        }
    }
    assert_eq!(delivered.len(), 300_000);
    for lane in 0..7 {
        let of_lane = delivered.iter().filter(|seq| *seq % 7 == lane);
        assert!(of_lane.is_sorted(), "{lane}");
    }
    assert!(all.is_idle() && all.receivers.is_empty());
}

/// An immediate retry also covers a running attempt: if it fails, it is repeated at once.
#[test]
fn an_attempt_under_way_is_hastened_too() {
    let mut all = DeliveryQueue::new(&Settings::default());
    let key = LaneKey {
        receiver: (1, 2),
        ordering_key: 0,
    };
    all.push(key, 1, NOW, NOW);
    all.push(key, 2, NOW, NOW);
    assert_eq!(all.start_next(), Some((key, 1)));
    all.retry_now(key.receiver, NOW);
    let later = NOW.plus(Duration::from_secs(60));
    all.finish_attempt(key, NextStep::RetryAt(later), NOW);
    assert_eq!(all.start_next(), Some((key, 1)), "at once");
    // Only once: the next failure waits.
    all.finish_attempt(key, NextStep::RetryAt(later), NOW);
    assert_eq!(all.start_next(), None);
    assert_eq!(all.next_due(), Some(later));
    all.retry_now(key.receiver, NOW);
    assert_eq!(all.start_next(), Some((key, 1)));
    all.finish_attempt(key, NextStep::Done, NOW);
    assert_eq!(all.start_next(), Some((key, 2)));
    all.finish_attempt(key, NextStep::RetryAt(later), NOW);
    assert_eq!(all.start_next(), None, "no attempt was under way");
}

#[test]
fn a_clock_that_was_set_back_makes_no_wait_longer() {
    let settings = Settings {
        retry_seconds: vec![20_000],
        ..Settings::default()
    };
    let mut all = DeliveryQueue::new(&settings);
    let (hours, before) = (Duration::from_secs(7200), Timestamp::from_micros(1 << 50));
    for (lane, wait) in [(0, 5), (1, 15), (2, 25)] {
        let due_at = before.plus(Duration::from_secs(wait));
        all.push(key(1, lane), lane, due_at, before);
    }
    all.shift_due_times(hours);
    let now = before.minus(hours);
    all.wake_due(now);
    assert_eq!(all.start_next(), None);
    all.wake_due(now.plus(Duration::from_secs(5)));
    assert_eq!(all.start_next(), Some((key(1, 0), 0)));
    assert_eq!(all.start_next(), None);
    assert_eq!(all.next_due(), Some(now.plus(Duration::from_secs(15))));
}
