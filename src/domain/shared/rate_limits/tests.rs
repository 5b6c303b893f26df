use proptest::prelude::*;

use super::*;
use crate::kernel::Clock;

struct Fixture {
    allowance: RateLimiter,
    used: u64,
}

fn new_fixture(rates: Rates, used: u64) -> Fixture {
    let settings = Settings {
        aloochat: rates,
        ..Settings::default()
    };
    Fixture {
        allowance: RateLimiter::new(&settings, ApiClass::Aloochat),
        used,
    }
}

fn clock_at_noon() -> Clock {
    Clock::frozen_at(Timestamp::parse_rfc3339("2026-03-01T12:00:00Z").expect("a date"))
}

impl Fixture {
    fn take(&self, clock: &Clock) -> Result<Option<RateLimitStatus>> {
        let at = (clock.monotonic_now(), clock.now());
        let taken = self.allowance.take(at, || Ok(self.used));
        taken.map_err(|refused| refused.into_error(true))
    }
}

fn retry_after(fixture: &Fixture, clock: &Clock) -> Option<u64> {
    match fixture.take(clock).err()?.kind() {
        Kind::RateLimited { retry_after } => Some(retry_after.as_secs()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn zero_is_no_limit() {
    let clock = clock_at_noon();
    let free = new_fixture(Rates::default(), 0);
    assert!((0..10_000).all(|_| retry_after(&free, &clock).is_none()));
}

#[test]
fn a_refusal_names_the_setting_and_all_can_be_turned_off() {
    let clock = clock_at_noon();
    let rates = |per_second, per_minute, per_day| Rates {
        per_second,
        per_minute,
        per_day,
    };
    for (rates, setting) in [
        (rates(1, 0, 0), "limits.aloochat.per_second"),
        (rates(0, 1, 0), "limits.aloochat.per_minute"),
        (rates(0, 0, 1), "limits.aloochat.per_day"),
    ] {
        let limited = new_fixture(rates, 0);
        assert!(limited.take(&clock).is_ok());
        let refused = limited.take(&clock).expect_err("it is used up");
        let text = format!(
            "Rate limit exceeded (the setting {setting}; limits.enabled = false turns all limits off)"
        );
        assert_eq!(refused.message(), text);
    }
    let off = Settings {
        enabled: false,
        aloochat: rates(1, 1, 1),
        ..Settings::default()
    };
    let off = Fixture {
        allowance: RateLimiter::new(&off, ApiClass::Aloochat),
        used: 0,
    };
    assert!((0..100).all(|_| off.take(&clock).is_ok_and(|left| left.is_none())));
}

#[test]
fn a_second_a_minute_and_a_day_end() {
    let clock = clock_at_noon();
    let rates = Rates {
        per_second: 2,
        per_minute: 3,
        per_day: 5,
    };
    let limited = new_fixture(rates, 0);
    assert_eq!(retry_after(&limited, &clock), None);
    assert_eq!(retry_after(&limited, &clock), None);
    assert_eq!(retry_after(&limited, &clock), Some(1), "the second");
    clock.advance(Duration::from_secs(60));
    assert_eq!(retry_after(&limited, &clock), None);
    clock.advance(Duration::from_secs(60));
    assert_eq!(retry_after(&limited, &clock), None);
    clock.advance(Duration::from_secs(60));
    assert_eq!(retry_after(&limited, &clock), None);
    assert_eq!(
        retry_after(&limited, &clock),
        Some(12 * 3600 - 180),
        "the day"
    );
    clock.advance(Duration::from_secs(12 * 3600));
    assert_eq!(retry_after(&limited, &clock), None, "a new day");
}

#[test]
fn the_days_count_goes_on_where_it_was() {
    let clock = clock_at_noon();
    let restored = new_fixture(per_day(5), 4);
    assert_eq!(retry_after(&restored, &clock), None);
    assert_eq!(retry_after(&restored, &clock), Some(12 * 3600));
}

fn per_day(per_day: u32) -> Rates {
    Rates {
        per_day,
        ..Rates::default()
    }
}

#[test]
fn a_count_above_a_lowered_figure_empties_the_day() {
    let clock = clock_at_noon();
    for used in [5, 6, u64::from(u32::MAX) + 7, u64::MAX] {
        let lowered = new_fixture(per_day(5), used);
        assert_eq!(retry_after(&lowered, &clock), Some(12 * 3600), "{used}");
    }
}

#[test]
fn every_figure_of_32_bits_fits() {
    let clock = clock_at_noon();
    for (limit, used) in [(1, 0), (2, 0), (u32::MAX, 0), (u32::MAX, u32::MAX - 1)] {
        let all = new_fixture(per_day(limit), used.into());
        let standing = all.take(&clock).expect("a call").expect("a limit");
        assert_eq!(standing.limit, u64::from(limit));
        assert_eq!(standing.remaining, u64::from(limit - used - 1));
        if standing.remaining == 0 {
            assert_eq!(retry_after(&all, &clock), Some(12 * 3600));
        }
    }
    for rate in [1, u32::MAX] {
        let rates = Rates {
            per_second: rate,
            per_minute: rate,
            per_day: rate,
        };
        let standing = new_fixture(rates, 0).take(&clock).expect("a call");
        let remaining = standing.map(|standing| standing.remaining);
        assert_eq!(remaining, Some(u64::from(rate - 1)), "{rate}");
    }
}

#[test]
fn the_day_does_not_refill_and_is_dropped_with_its_date() {
    let clock = clock_at_noon();
    let limited = new_fixture(per_day(2), 0);
    assert_eq!(retry_after(&limited, &clock), None);
    clock.advance(Duration::from_secs(6 * 3600));
    assert_eq!(retry_after(&limited, &clock), None);
    clock.advance(Duration::from_secs(6 * 3600 - 1));
    assert_eq!(retry_after(&limited, &clock), Some(1));
    let earlier = Timestamp::parse_rfc3339("2026-02-01T00:00:00Z");
    clock.freeze(earlier);
    assert_eq!(retry_after(&limited, &clock), None, "another date");
}

#[test]
fn a_bucket_goes_on_when_the_clock_is_told_an_earlier_time() {
    let clock = clock_at_noon();
    let rates = Rates {
        per_second: 2,
        per_minute: 2,
        ..Rates::default()
    };
    let limited = new_fixture(rates, 0);
    clock.advance(Duration::from_secs(333 * 86_400));
    while retry_after(&limited, &clock).is_none() {}
    for date in ["2026-03-01T12:00:00Z", "1969-01-01T00:00:00Z"] {
        clock.freeze(Timestamp::parse_rfc3339(date));
        assert_eq!(retry_after(&limited, &clock), None, "{date}");
        assert_eq!(retry_after(&limited, &clock), None, "{date}");
        assert!(retry_after(&limited, &clock).is_some(), "{date}: it counts");
        clock.advance(Duration::from_secs(60));
        assert_eq!(retry_after(&limited, &clock), None, "{date}: it refills");
    }
}

#[test]
fn calls_that_come_out_of_order_do_not_begin_a_bucket_anew() {
    let clock = clock_at_noon();
    let rates = Rates {
        per_minute: 3,
        ..Rates::default()
    };
    let limited = new_fixture(rates, 0);
    clock.advance(Duration::from_secs(1));
    let now = clock.monotonic_now();
    let earlier = MonotonicTime::from_micros(now.as_micros() - 1000);
    let calls = [now, earlier, now, earlier, now, earlier];
    let taken = calls.map(|at| limited.allowance.take((at, clock.now()), || Ok(0)).is_ok());
    assert_eq!(taken, [true, true, true, false, false, false]);
}

/// Changes of the date do not affect a bucket: it neither rejects requests nor gains any.
#[test]
fn the_date_neither_empties_a_bucket_nor_fills_it() {
    let rates = Rates {
        per_minute: 3,
        ..Rates::default()
    };
    let limited = new_fixture(rates, 0);
    let mut now = clock_at_noon().now();
    let mut second = 0;
    let mut take = |shift: i64| {
        second += 30;
        now = Timestamp::from_micros(now.as_micros() + shift * 1_000_000);
        let at = MonotonicTime::from_micros(second * 1_000_000);
        (0..4)
            .filter(|_| limited.allowance.take((at, now), || Ok(0)).is_ok())
            .count()
    };
    assert_eq!(take(0), 3);
    // Half a minute refills half of the minute's three requests, regardless of the date.
    assert_eq!(take(-40), 1);
    for hours in [-2, 2, -24, 24] {
        assert!((1..=2).contains(&take(hours * 3600)), "{hours}");
    }
}

proptest! {
    /// After any jump of the clock, a request is admitted once a minute has passed; and no more requests than the
    /// burst size are admitted at one time.
    #[test]
    fn no_jump_of_the_clock_leaves_a_limit_stuck(
        jumps in prop::collection::vec((any::<i64>(), 0_usize..8), 1..20),
    ) {
        let rates = Rates { per_second: 2, per_minute: 3, per_day: 0 };
        let limited = new_fixture(rates, 0);
        let clock = clock_at_noon();
        for (at, calls) in jumps {
            clock.freeze(Some(Timestamp::from_micros(at)));
            let taken = (0..calls).filter(|_| limited.take(&clock).is_ok()).count();
            prop_assert!(taken <= 2);
            clock.advance(Duration::from_secs(61));
            if clock.now().as_micros() < i64::MAX {
                prop_assert!(limited.take(&clock).is_ok());
            }
        }
    }
}
