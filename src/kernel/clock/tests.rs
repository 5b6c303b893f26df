use super::*;

#[test]
fn a_frozen_clock_moves_only_when_told() {
    let start = Timestamp::from_micros(5_000_000);
    let clock = Clock::frozen_at(start);
    assert_eq!(clock.now(), start);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(clock.now().since(start), Duration::from_secs(3600));
    clock.freeze(Some(start));
    assert_eq!(clock.now(), start);
}

#[test]
fn a_running_clock_keeps_its_advance_and_loses_it_on_resume() {
    let clock = Clock::system();
    let before = clock.now();
    clock.advance(Duration::from_secs(86_400));
    assert!(clock.now().since(before) >= Duration::from_secs(86_400));
    clock.resume();
    assert!(clock.now().since(before) < Duration::from_secs(3600));
}

#[tokio::test]
async fn sleep_ends_when_the_clock_goes_back() {
    let clock = Clock::frozen_at(Timestamp::from_micros(0));
    clock.advance(Duration::from_secs(333 * 86_400));
    let mut watch = clock.watch();
    let sleeper = tokio::spawn({
        let clock = clock.clone();
        async move { clock.sleep(Duration::from_secs(60)).await }
    });
    tokio::task::yield_now().await;
    clock.freeze(Some(Timestamp::from_micros(0)));
    clock.advance(Duration::from_secs(400 * 86_400));
    sleeper.await.expect("the sleeper wakes up");
    // The clock went back and is ahead again: rows written in between may still have later dates.
    assert_eq!(watch.next().await, Rewind::Requested);
}

#[test]
fn no_advance_is_too_far() {
    let clock = Clock::system();
    clock.advance(Duration::MAX);
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(clock.now(), Timestamp::from_micros(i64::MAX));
    clock.resume();
    assert!(clock.now() < Timestamp::from_micros(i64::MAX));
}

#[tokio::test]
async fn sleep_ends_when_a_frozen_clock_reaches_the_deadline() {
    let clock = Clock::frozen_at(Timestamp::from_micros(0));
    let sleeper = tokio::spawn({
        let clock = clock.clone();
        async move { clock.sleep(Duration::from_secs(60)).await }
    });
    clock.advance(Duration::from_secs(59));
    tokio::task::yield_now().await;
    assert!(!sleeper.is_finished());
    clock.advance(Duration::from_secs(60));
    sleeper.await.expect("the sleeper wakes up");
}

#[test]
fn steady_time_only_goes_forward_and_stands_still_with_the_clock() {
    let start = Timestamp::from_micros(5_000_000);
    let clock = Clock::frozen_at(start);
    let begun = clock.monotonic_now();
    let passed = |clock: &Clock| clock.monotonic_now().since(begun).as_secs();
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(clock.monotonic_now(), begun);
    clock.advance(Duration::from_secs(60));
    assert_eq!(passed(&clock), 60);
    clock.freeze(Some(start));
    assert_eq!(passed(&clock), 120, "it was set, and by so much");
    clock.freeze(None);
    assert_eq!(passed(&clock), 120);
    clock.resume();
    let resumed = clock.monotonic_now();
    std::thread::sleep(Duration::from_millis(1));
    assert!(clock.monotonic_now() > resumed);
}
