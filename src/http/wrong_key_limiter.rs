//! Rate limiter for wrong API keys: counts them, logs some of them, and delays the answers to an address that sends
//! many.
//!
//! Keys are checked before this module is used, so a valid key never waits, even if others send wrong keys from
//! the same address. A delayed answer holds its connection; the number of delayed answers is limited, and one more
//! is 429 immediately.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota};
use poem::{
    Request,
    http::{HeaderName, header},
};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::origin::{OriginResolver, rate_limit_ip};
use crate::kernel::{
    Error, Kind,
    clock::{Stopwatch, sleep_real_time},
};

/// Maximum number of remembered addresses.
const MAX_ADDRESSES: usize = 16_384;
/// Time after the last wrong key until an address is counted anew.
const FORGET_AFTER: Duration = Duration::from_secs(3600);
/// Maximum number of log lines per minute.
const MAX_LINES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");

/// The headers that carry API keys.
pub(super) const KEY_HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-api-token"),
    HeaderName::from_static("x-user-key"),
];

/// Settings of the answers to wrong keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum number of wrong keys per minute and address before further answers are delayed.
    pub free_per_minute: u32,
    /// Delay of such an answer, in milliseconds; 0 disables the delay.
    pub delay_ms: u64,
    /// Maximum number of answers that are delayed at the same time; one more is 429 immediately.
    pub max_waiting: usize,
    /// Maximum number of delayed answers per address.
    pub max_waiting_per_address: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            free_per_minute: 10,
            delay_ms: 1000,
            max_waiting: 256,
            max_waiting_per_address: 8,
        }
    }
}

/// The treatment of a wrong key, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Answered immediately, like a valid key.
    Answered,
    /// Answered after a delay.
    Delayed,
    /// Answered with 429, because too many answers were already delayed.
    Rejected,
}

impl Outcome {
    /// Returns the label in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Delayed => "delayed",
            Self::Rejected => "turned_away",
        }
    }
}

/// The rate limiter of wrong keys. Clones share it.
#[derive(Clone)]
pub struct WrongKeyLimiter(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// True if callers on this machine are never delayed.
    spares_loopback: bool,
    addresses: Cache<IpAddr, Arc<AddressState>>,
    waiting: AtomicUsize,
    lines: DefaultDirectRateLimiter,
    /// Number of log lines left out since the last one.
    left_out: AtomicU64,
}

struct AddressState {
    /// `None` if every answer is delayed.
    free: Option<DefaultDirectRateLimiter>,
    waiting: AtomicUsize,
    keys: Mutex<KeyCount>,
}

/// Number of wrong keys of an address without a pause of [`FORGET_AFTER`]. Real time, as for the delay.
struct KeyCount {
    keys: u64,
    last: Stopwatch,
}

impl KeyCount {
    fn new() -> Self {
        Self {
            keys: 0,
            last: Stopwatch::start(),
        }
    }

    /// Counts a key that arrives after a pause, and returns the new number.
    fn count_after(&mut self, pause: Duration) -> u64 {
        if pause >= FORGET_AFTER {
            self.keys = 0;
        }
        self.last = Stopwatch::start();
        self.keys += 1;
        self.keys
    }
}

impl AddressState {
    fn count_key(&self) -> u64 {
        let mut count = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = count.last.elapsed();
        count.count_after(pause)
    }
}

/// A slot for a delayed answer, released on drop.
struct DelaySlot<'a>(&'a AtomicUsize);

impl<'a> DelaySlot<'a> {
    fn acquire(slots: &'a AtomicUsize, max: usize) -> Option<Self> {
        let before = slots.fetch_add(1, Ordering::Relaxed);
        let slot = Self(slots);
        (before < max).then_some(slot)
    }
}

impl Drop for DelaySlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl WrongKeyLimiter {
    /// Creates the limiter. `spares_this_machine`: True to never delay callers on this machine, where developers test
    /// how their programs handle a rejection.
    #[must_use]
    pub fn new(settings: &Settings, spares_this_machine: bool) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            spares_loopback: spares_this_machine,
            addresses: Cache::new(MAX_ADDRESSES),
            waiting: AtomicUsize::new(0),
            lines: DefaultDirectRateLimiter::direct(Quota::per_minute(MAX_LINES_PER_MINUTE)),
            left_out: AtomicU64::new(0),
        }))
    }

    /// Records a wrong key from an address. Waits if the address has sent too many.
    pub async fn record(&self, dialect: &'static str, from: Option<IpAddr>) -> Outcome {
        let from = from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let is_spared = self.0.spares_loopback && from.to_canonical().is_loopback();
        let from = subnet_of(from);
        let settings = &self.0.settings;
        let Ok(address) = self.0.addresses.get_or_insert_with(&from, || {
            let free = NonZeroU32::new(settings.free_per_minute).map(Quota::per_minute);
            Ok::<_, Infallible>(Arc::new(AddressState {
                free: free.map(DefaultDirectRateLimiter::direct),
                waiting: AtomicUsize::new(0),
                keys: Mutex::new(KeyCount::new()),
            }))
        });
        let count = address.count_key();
        let is_free = address
            .free
            .as_ref()
            .is_some_and(|free| free.check().is_ok());
        let outcome = match is_free || is_spared || settings.delay_ms == 0 {
            true => Outcome::Answered,
            false => self.delay_answer(&address).await,
        };
        self.log(dialect, from, count, outcome);
        outcome
    }

    async fn delay_answer(&self, address: &AddressState) -> Outcome {
        let settings = &self.0.settings;
        let global_slot = DelaySlot::acquire(&self.0.waiting, settings.max_waiting);
        let address_slot = DelaySlot::acquire(&address.waiting, settings.max_waiting_per_address);
        let (Some(_global_slot), Some(_address_slot)) = (global_slot, address_slot) else {
            return Outcome::Rejected;
        };
        // Real time: an attacker does not wait for the product clock.
        sleep_real_time(Duration::from_millis(settings.delay_ms)).await;
        Outcome::Delayed
    }

    /// Logs the first wrong key of an address, the tenth, the hundredth and so on.
    fn log(&self, dialect: &'static str, address: IpAddr, count: u64, outcome: Outcome) {
        if !is_power_of_ten(count) {
            return;
        }
        if self.0.lines.check().is_err() {
            self.0.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = self.0.left_out.swap(0, Ordering::Relaxed);
        let outcome = outcome.as_str();
        match count {
            1 => info!(dialect, %address, outcome, left_out, "a wrong key"),
            _ => warn!(dialect, %address, count, outcome, left_out, "wrong keys"),
        }
    }

    /// Creates the error for a wrong key whose answer could not be delayed.
    #[must_use]
    pub fn rejection(&self) -> Error {
        let retry_after = Duration::from_millis(self.0.settings.delay_ms);
        Error::new(
            Kind::RateLimited { retry_after },
            "Too many wrong keys come at once (wrong_keys.max_waiting_per_address, \
             wrong_keys.max_waiting)",
        )
    }
}

/// The headers in which requests to an endpoint carry API keys of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLocation {
    /// Any of the usual headers, or a form.
    Anywhere,
    /// This header only.
    Header(HeaderName),
    /// None: the requests and their rejections belong to others.
    Nowhere,
}

impl KeyLocation {
    /// Returns the address to count a request for, if the request carries a possible key. The outer `None` means no
    /// key, the inner one no known address.
    pub(super) fn counted_address(
        &self,
        request: &Request,
        origins: &OriginResolver,
    ) -> Option<Option<IpAddr>> {
        self.may_be_in(request)
            .then(|| rate_limit_ip(request, origins))
    }

    fn may_be_in(&self, request: &Request) -> bool {
        let headers = request.headers();
        match self {
            Self::Anywhere => {
                let kind = request.content_type().unwrap_or_default();
                let is_form = kind.starts_with("application/x-www-form-urlencoded");
                is_form || KEY_HEADERS.iter().any(|name| headers.contains_key(name))
            }
            Self::Header(header) => headers.contains_key(header),
            Self::Nowhere => false,
        }
    }
}

/// Returns the network of a caller: the /64 subnet for IPv6.
fn subnet_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        four @ IpAddr::V4(_) => four,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
    }
}

fn is_power_of_ten(count: u64) -> bool {
    let exponent = count.checked_ilog10();
    exponent.is_some_and(|exponent| 10_u64.pow(exponent) == count)
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    fn keys(free_per_minute: u32, delay_ms: u64) -> WrongKeyLimiter {
        let settings = Settings {
            free_per_minute,
            delay_ms,
            max_waiting: 3,
            max_waiting_per_address: 2,
        };
        WrongKeyLimiter::new(&settings, false)
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[tokio::test]
    async fn those_beyond_the_free_ones_wait() {
        let keys = keys(2, 30);
        let watch = Stopwatch::start();
        for outcome in [Outcome::Answered, Outcome::Answered] {
            assert_eq!(keys.record("test", address(1)).await, outcome);
        }
        assert_eq!(keys.record("test", address(1)).await, Outcome::Delayed);
        assert!(watch.elapsed() >= Duration::from_millis(30));
        assert_eq!(keys.record("test", address(2)).await, Outcome::Answered);
    }

    #[tokio::test]
    async fn places_to_wait_in_are_bounded_and_given_back() {
        let keys = keys(0, 30);
        let outcomes = async |addresses: &[u8]| {
            let records = addresses
                .iter()
                .map(|last| keys.record("test", address(*last)));
            let outcomes = join_all(records).await;
            outcomes
                .iter()
                .filter(|outcome| **outcome == Outcome::Rejected)
                .count()
        };
        assert_eq!(outcomes(&[1, 1, 1]).await, 1, "of one address");
        assert_eq!(outcomes(&[1, 2, 3, 4]).await, 1, "of all");
        assert_eq!(outcomes(&[1, 1, 2]).await, 0);
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let keys = keys(1, 0);
        for number in 0..MAX_ADDRESSES as u32 + 5_000 {
            let from = IpAddr::from(Ipv4Addr::from(number));
            keys.record("test", Some(from)).await;
        }
        assert!(keys.0.addresses.len() <= MAX_ADDRESSES);
        let lines = u64::from(MAX_LINES_PER_MINUTE.get());
        let left_out = keys.0.left_out.load(Ordering::Relaxed);
        let recorded = MAX_ADDRESSES as u64 + 5_000;
        assert!(left_out >= recorded - 2 * lines, "{left_out}");
    }

    #[test]
    fn a_pause_of_an_hour_ends_a_count() {
        let mut count = KeyCount::new();
        let minute = Duration::from_secs(60);
        assert_eq!(count.count_after(minute), 1);
        assert_eq!(count.count_after(FORGET_AFTER - minute), 2);
        assert_eq!(count.count_after(FORGET_AFTER), 1);
        assert_eq!(count.count_after(Duration::ZERO), 2);
    }

    #[test]
    fn a_subnet_is_one_caller() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(subnet_of(address).to_string(), expected);
        }
        let powers = (0..=1000).filter(|count| is_power_of_ten(*count));
        assert_eq!(powers.collect::<Vec<_>>(), [1, 10, 100, 1000]);
    }
}
