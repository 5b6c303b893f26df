//! Ranges of the figures in the settings. With other figures the server could not count, or not even
//! start. The names of settings tell their unit.

use serde_json::Value;

use super::Config;

const YEAR: u64 = 365 * 24 * 3600;
/// The longest time, a century: it can be added to any date that is met.
const LONGEST: u64 = 100 * YEAR;
/// The most of what is made at once, or has a place kept for it.
const PLACES: u64 = 1_000_000;
/// The largest stack of a program, in bytes: its thread has it at once.
const LARGEST_STACK: u64 = 1 << 30;
/// The longest that the answer to a wrong key waits, in milliseconds: clients give up after a minute.
const LONGEST_DELAY_MS: u64 = 60_000;
/// The most milliseconds that SQLite can be told to wait.
const LONGEST_BUSY_MS: u64 = i32::MAX.unsigned_abs() as u64;

/// The least that some settings can be. With 0, nothing would work at all.
const LEAST: &[(&str, u64)] = &[
    ("server.body_limit_bytes", 1),
    ("server.request_timeout_seconds", 1),
    // hyper takes no less of a head.
    ("server.header_bytes", 8192),
    ("server.header_timeout_seconds", 1),
    ("server.keep_alive_seconds", 1),
    ("server.max_connections", 1),
    ("ada.oauth_code_seconds", 1),
    ("ada.oauth_access_token_seconds", 1),
    ("ada.oauth_refresh_token_seconds", 1),
    ("bots.unindexed_messages", 1),
    ("folders.document_seconds", 1),
    ("runtime.concurrency", 1),
    ("store.batch_size", 1),
    ("store.queue_depth", 1),
    ("store.scan_connections", 1),
    ("tunnel.max_requests", 1),
];

/// Figures that have places made for them when they are first needed.
const COUNTS_OF_PLACES: &[&str] = &[
    "deliveries.concurrency",
    "deliveries.concurrency_per_receiver",
    "runtime.concurrency",
    "runtime.max_fetches",
    "runtime.script_queue",
    "runtime.script_workers",
    "store.batch_size",
    "store.queue_depth",
    "tunnel.max_requests",
    "webchat.buffer",
    "webhooks.concurrency",
    "webhooks.concurrency_per_endpoint",
];

/// The first setting whose figure cannot be, with what is wrong.
pub(super) fn problem(config: &Config) -> Option<(String, String)> {
    let whole = serde_json::to_value(config).ok()?;
    look(&whole, "")
}

fn look(value: &Value, key: &str) -> Option<(String, String)> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let separator = if key.is_empty() { "" } else { "." };
            look(value, &format!("{key}{separator}{name}"))
        }),
        // A list's figures are those of its name.
        Value::Array(items) => items.iter().find_map(|item| look(item, key)),
        Value::Number(figure) => {
            let problem = problem_of(key, figure.as_u64()?)?;
            Some((key.to_owned(), problem))
        }
        _ => None,
    }
}

fn problem_of(key: &str, figure: u64) -> Option<String> {
    let (least, most) = (least(key), most(key));
    if figure < least {
        return Some(match least {
            1 => "0 is too small".to_owned(),
            _ => format!("{figure} is too small; the least is {least}"),
        });
    }
    (figure > most).then(|| format!("{figure} is too large: at most {most}"))
}

fn least(key: &str) -> u64 {
    let known = LEAST.iter().find(|(known, _)| *known == key);
    known.map_or(0, |(_, least)| *least)
}

fn most(key: &str) -> u64 {
    let ends = |end: &str| key.ends_with(end);
    if COUNTS_OF_PLACES.contains(&key) {
        PLACES
    } else if key == "store.scan_connections" {
        1000
    } else if key == "runtime.stack_bytes" {
        LARGEST_STACK
    } else if key == "wrong_keys.delay_ms" {
        LONGEST_DELAY_MS
    } else if key == "store.busy_timeout_ms" {
        LONGEST_BUSY_MS
    } else if ends("_ms") {
        LONGEST * 1000
    } else if ends("_seconds") || ends("_seconds_before_end") {
        LONGEST
    } else if ends("_minutes") {
        LONGEST / 60
    } else if ends("_hours") {
        LONGEST / 3600
    } else if ends("_days") {
        LONGEST / (24 * 3600)
    } else {
        // The database counts in 64 bits with a sign.
        i64::MAX.unsigned_abs()
    }
}
