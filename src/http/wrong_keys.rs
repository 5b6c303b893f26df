//! Wrong keys: they are counted, logged within bounds, and answered more slowly the more of them come from
//! an address.
//!
//! A key is looked up before anything here is asked, so that a good one never waits, whatever others send
//! from the same address. An answer that waits holds its connection; the places for that are counted, and
//! without one the answer is 429 at once.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota};
use moka::sync::Cache;
use poem::{
    Request,
    http::{HeaderName, header},
};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::origin::{Origins, counted_peer};
use crate::kernel::{Error, Kind, clock::pause};

/// How many addresses are remembered.
const ADDRESSES: u64 = 10_000;
/// How long an address is remembered that sends nothing wrong any more.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// The most lines that are logged in a minute.
const LINES: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");

/// The headers that carry keys.
pub(super) const KEYS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-api-token"),
    HeaderName::from_static("x-user-key"),
];

/// How wrong keys are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many wrong keys a minute may come from an address before the answers to more of them wait.
    pub free_per_minute: u32,
    /// How long such an answer waits, in milliseconds; 0 is not at all.
    pub delay_ms: u64,
    /// The most answers that wait at the same time; one more is 429 at once.
    pub max_waiting: usize,
    /// The most of them for one address.
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

/// How a wrong key was answered, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As soon as a good one.
    Answered,
    /// After a wait.
    Delayed,
    /// With 429, since there was no place to wait in.
    TurnedAway,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Delayed => "delayed",
            Self::TurnedAway => "turned_away",
        }
    }
}

/// What is known of wrong keys. Clones share it.
#[derive(Clone)]
pub struct WrongKeys(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// Whether callers on this machine never wait.
    spares_this_machine: bool,
    addresses: Cache<IpAddr, Arc<Address>>,
    waiting: AtomicUsize,
    lines: DefaultDirectRateLimiter,
    /// The lines that were left out since the last one.
    left_out: AtomicU64,
}

struct Address {
    /// None where every answer waits.
    free: Option<DefaultDirectRateLimiter>,
    waiting: AtomicUsize,
    count: AtomicU64,
}

/// A place to wait in.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn take(places: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = places.fetch_add(1, Ordering::Relaxed);
        let place = Self(places);
        (before < most).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl WrongKeys {
    /// Nothing is known yet. Callers on this machine never wait if it `spares_this_machine`: there people
    /// test how their programs take a refusal.
    #[must_use]
    pub fn new(settings: &Settings, spares_this_machine: bool) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            spares_this_machine,
            addresses: Cache::builder()
                .max_capacity(ADDRESSES)
                .time_to_idle(REMEMBERED)
                .build(),
            waiting: AtomicUsize::new(0),
            lines: DefaultDirectRateLimiter::direct(Quota::per_minute(LINES)),
            left_out: AtomicU64::new(0),
        }))
    }

    /// Notes a wrong key that came from an address, and waits if it is one too many.
    pub async fn note(&self, dialect: &'static str, from: Option<IpAddr>) -> Outcome {
        let from = from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let is_spared = self.0.spares_this_machine && from.to_canonical().is_loopback();
        let from = network(from);
        let settings = &self.0.settings;
        let address = self.0.addresses.get_with(from, || {
            let free = NonZeroU32::new(settings.free_per_minute).map(Quota::per_minute);
            Arc::new(Address {
                free: free.map(DefaultDirectRateLimiter::direct),
                waiting: AtomicUsize::new(0),
                count: AtomicU64::new(0),
            })
        });
        let count = address.count.fetch_add(1, Ordering::Relaxed) + 1;
        let is_free = address
            .free
            .as_ref()
            .is_some_and(|free| free.check().is_ok());
        let outcome = match is_free || is_spared || settings.delay_ms == 0 {
            true => Outcome::Answered,
            false => self.wait(&address).await,
        };
        self.log(dialect, from, count, outcome);
        outcome
    }

    async fn wait(&self, address: &Address) -> Outcome {
        let settings = &self.0.settings;
        let place = Waiting::take(&self.0.waiting, settings.max_waiting);
        let own = Waiting::take(&address.waiting, settings.max_waiting_per_address);
        let (Some(_place), Some(_own)) = (place, own) else {
            return Outcome::TurnedAway;
        };
        // In real time: whoever guesses does not wait for the product's clock.
        pause(Duration::from_millis(settings.delay_ms)).await;
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

    /// The answer to a wrong key that had no place to wait in.
    #[must_use]
    pub fn turned_away(&self) -> Error {
        let retry_after = Duration::from_millis(self.0.settings.delay_ms);
        Error::new(
            Kind::RateLimited { retry_after },
            "Too many wrong keys come at once (wrong_keys.max_waiting_per_address, \
             wrong_keys.max_waiting)",
        )
    }
}

/// Where the requests to an endpoint carry keys of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// In any of the usual headers, or in a form.
    Anywhere,
    /// In this header.
    In(HeaderName),
    /// Nowhere: what they carry is for others, and so is who is refused.
    Nowhere,
}

impl Keys {
    /// The address that a request with something that may be a key is counted for; none for a request
    /// without.
    pub(super) fn sender(&self, request: &Request, origins: &Origins) -> Option<Option<IpAddr>> {
        self.are_in(request).then(|| counted_peer(request, origins))
    }

    fn are_in(&self, request: &Request) -> bool {
        let headers = request.headers();
        match self {
            Self::Anywhere => {
                let kind = request.content_type().unwrap_or_default();
                let is_form = kind.starts_with("application/x-www-form-urlencoded");
                is_form || KEYS.iter().any(|name| headers.contains_key(name))
            }
            Self::In(header) => headers.contains_key(header),
            Self::Nowhere => false,
        }
    }
}

/// The addresses that one caller has: all of a subnet of IPv6.
fn network(address: IpAddr) -> IpAddr {
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
    use crate::kernel::clock::Stopwatch;

    fn keys(free_per_minute: u32, delay_ms: u64) -> WrongKeys {
        let settings = Settings {
            free_per_minute,
            delay_ms,
            max_waiting: 3,
            max_waiting_per_address: 2,
        };
        WrongKeys::new(&settings, false)
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[tokio::test]
    async fn those_beyond_the_free_ones_wait() {
        let keys = keys(2, 30);
        let watch = Stopwatch::start();
        for outcome in [Outcome::Answered, Outcome::Answered] {
            assert_eq!(keys.note("test", address(1)).await, outcome);
        }
        assert_eq!(keys.note("test", address(1)).await, Outcome::Delayed);
        assert!(watch.elapsed() >= Duration::from_millis(30));
        assert_eq!(keys.note("test", address(2)).await, Outcome::Answered);
    }

    #[tokio::test]
    async fn places_to_wait_in_are_bounded_and_given_back() {
        let keys = keys(0, 30);
        let outcomes = async |addresses: &[u8]| {
            let notes = addresses
                .iter()
                .map(|last| keys.note("test", address(*last)));
            let noted = join_all(notes).await;
            noted
                .iter()
                .filter(|outcome| **outcome == Outcome::TurnedAway)
                .count()
        };
        assert_eq!(outcomes(&[1, 1, 1]).await, 1, "of one address");
        assert_eq!(outcomes(&[1, 2, 3, 4]).await, 1, "of all");
        assert_eq!(outcomes(&[1, 1, 2]).await, 0);
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let keys = keys(1, 0);
        for number in 0..ADDRESSES as u32 + 5_000 {
            let from = IpAddr::from(Ipv4Addr::from(number));
            keys.note("test", Some(from)).await;
        }
        keys.0.addresses.run_pending_tasks();
        assert!(keys.0.addresses.entry_count() <= ADDRESSES);
        let lines = u64::from(LINES.get());
        let left_out = keys.0.left_out.load(Ordering::Relaxed);
        assert!(left_out >= ADDRESSES + 5_000 - 2 * lines, "{left_out}");
    }

    #[test]
    fn a_subnet_is_one_caller() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(network(address).to_string(), expected);
        }
        let powers = (0..=1000).filter(|count| is_power_of_ten(*count));
        assert_eq!(powers.collect::<Vec<_>>(), [1, 10, 100, 1000]);
    }
}
