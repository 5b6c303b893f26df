//! Token buckets of the `governor` crate, on a clock that the caller sets.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};

use super::RateLimitStatus;
use crate::kernel::{MonotonicTime, Timestamp};

type Bucket = RateLimiter<NotKeyed, InMemoryState, ManualClock, StateInformationMiddleware>;

/// `governor` counts nanoseconds in 64 bits, which overflow after 584 years. A bucket is replaced before that.
const MAX_BUCKET_AGE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Clock that only moves when it is set, in nanoseconds.
#[derive(Clone, Default)]
struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Moves the clock forward. Requests can arrive slightly out of order.
    fn advance_to(&self, since: Duration) {
        let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_max(nanos, Ordering::Relaxed);
    }

    fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl GovernorClock for ManualClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }
}

fn new_bucket(quota: Quota, clock: &ManualClock) -> Bucket {
    RateLimiter::direct_with_clock(quota, clock.clone()).with_middleware()
}

/// Bucket that refills within a period.
pub(super) struct RefillingBucket {
    quota: Quota,
    period: Duration,
    clock: ManualClock,
    current: Option<StartedBucket>,
}

struct StartedBucket {
    bucket: Bucket,
    since: MonotonicTime,
}

impl RefillingBucket {
    /// Returns a limit per second; `None` for 0.
    pub(super) fn per_second(rate: u32) -> Option<Self> {
        NonZeroU32::new(rate).map(|rate| Self::new(Quota::per_second(rate), 1))
    }

    /// Returns a limit per minute; `None` for 0.
    pub(super) fn per_minute(rate: u32) -> Option<Self> {
        NonZeroU32::new(rate).map(|rate| Self::new(Quota::per_minute(rate), 60))
    }

    fn new(quota: Quota, seconds: u64) -> Self {
        Self {
            quota,
            period: Duration::from_secs(seconds),
            clock: ManualClock::default(),
            current: None,
        }
    }

    /// Takes a request from the bucket, or returns the time until the next one. The bucket refills with the monotonic
    /// time `at`; `now` is only used for the reset time.
    pub(super) fn take(
        &mut self,
        at: MonotonicTime,
        now: Timestamp,
    ) -> Result<RateLimitStatus, Duration> {
        self.current
            .take_if(|current| at.since(current.since) > MAX_BUCKET_AGE);
        let current = match &mut self.current {
            Some(current) => current,
            current => {
                self.clock.reset();
                current.insert(StartedBucket {
                    bucket: new_bucket(self.quota, &self.clock),
                    since: at,
                })
            }
        };
        self.clock.advance_to(at.since(current.since));
        let state = current
            .bucket
            .check()
            .map_err(|until| until.wait_time_from(self.clock.now()))?;
        Ok(RateLimitStatus {
            limit: state.quota().burst_size().get().into(),
            remaining: state.remaining_burst_capacity().into(),
            reset: now.plus(self.period),
        })
    }
}

/// Bucket of a UTC date. It never refills.
pub(super) struct DailyBucket {
    date: i64,
    bucket: Bucket,
    limit: NonZeroU32,
    remaining: u32,
}

impl DailyBucket {
    /// Creates the bucket for the date of `now`, from which `used` requests are already taken.
    pub(super) fn new(now: Timestamp, limit: NonZeroU32, used: u64) -> Self {
        // With one nanosecond for each request, every 32-bit limit fits into governor's 64 bits.
        let quota = Quota::with_period(Duration::from_nanos(1))
            .expect("a nanosecond is not zero")
            .allow_burst(limit);
        let bucket = new_bucket(quota, &ManualClock::default());
        // The limit may have been higher when these requests were counted.
        let used = u32::try_from(used).unwrap_or(u32::MAX).min(limit.get());
        if let Some(used) = NonZeroU32::new(used) {
            // `used` is at most the burst size, so this takes all of them.
            let _ = bucket.check_n(used);
        }
        Self {
            date: now.day(),
            bucket,
            limit,
            remaining: limit.get() - used,
        }
    }

    pub(super) const fn is_for_date_of(&self, now: Timestamp) -> bool {
        self.date == now.day()
    }

    pub(super) const fn is_used_up(&self) -> bool {
        self.remaining == 0
    }

    /// Takes a request from the bucket, or returns the time until the next date.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<RateLimitStatus, Duration> {
        let state = self.bucket.check().map_err(|_| now.time_until_next_day())?;
        self.remaining = state.remaining_burst_capacity();
        Ok(RateLimitStatus {
            limit: self.limit.get().into(),
            remaining: self.remaining.into(),
            reset: now.plus(now.time_until_next_day()),
        })
    }
}
