//! Allowed ranges of numeric settings. Other numbers would overflow or keep the server from starting. The suffix of a
//! setting's name is its unit.

use serde_json::Value;

use super::Config;

const YEAR: u64 = 365 * 24 * 3600;
/// Maximum of a duration, in seconds: a century can be added to any supported date.
const MAX_DURATION_SECONDS: u64 = 100 * YEAR;
/// Maximum of a count for which memory or tasks are allocated.
const MAX_COUNT: u64 = 1_000_000;
/// Maximum stack size of a program, in bytes: its thread allocates the stack at once.
const MAX_STACK_BYTES: u64 = 1 << 30;
/// Maximum delay of the answer to a wrong key, in milliseconds: clients time out after a minute.
const MAX_DELAY_MS: u64 = 60_000;
/// Maximum busy timeout that SQLite accepts, in milliseconds.
const MAX_BUSY_TIMEOUT_MS: u64 = i32::MAX.unsigned_abs() as u64;

/// Minimum values of settings that would not work with 0.
const MINIMUMS: &[(&str, u64)] = &[
    ("server.body_limit_bytes", 1),
    ("server.code_body_limit_bytes", 1),
    ("server.request_timeout_seconds", 1),
    // hyper requires at least this buffer size.
    ("server.header_bytes", 8192),
    ("server.header_timeout_seconds", 1),
    ("server.keep_alive_seconds", 1),
    ("server.max_connections", 1),
    ("ai.concurrency", 1),
    ("ai.media_bytes", 1),
    ("ai.timeout_seconds", 60),
    ("ada.oauth_code_seconds", 1),
    ("ada.oauth_access_token_seconds", 1),
    ("ada.oauth_refresh_token_seconds", 1),
    ("bots.unindexed_messages", 1),
    ("files.upload_idle_seconds", 1),
    ("folders.document_seconds", 1),
    ("runtime.concurrency", 1),
    ("store.batch_size", 1),
    ("store.queue_depth", 1),
    ("store.scan_connections", 1),
    ("tunnel.max_requests", 1),
];

/// Settings that allocate memory or tasks for each unit.
const ALLOCATED_COUNTS: &[&str] = &[
    "ai.concurrency",
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

/// Returns the key of the first setting that is out of range, and the reason.
pub(super) fn find_problem(config: &Config) -> Option<(String, String)> {
    let whole = serde_json::to_value(config).ok()?;
    find_problem_in(&whole, "")
}

fn find_problem_in(value: &Value, key: &str) -> Option<(String, String)> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let separator = if key.is_empty() { "" } else { "." };
            find_problem_in(value, &format!("{key}{separator}{name}"))
        }),
        // The items of a list have the range of the list's key.
        Value::Array(items) => items.iter().find_map(|item| find_problem_in(item, key)),
        Value::Number(number) => {
            let problem = range_problem(key, number.as_u64()?)?;
            Some((key.to_owned(), problem))
        }
        _ => None,
    }
}

fn range_problem(key: &str, number: u64) -> Option<String> {
    let (min, max) = (minimum_of(key), maximum_of(key));
    if number < min {
        return Some(match min {
            1 => "0 is too small".to_owned(),
            _ => format!("{number} is too small; the least is {min}"),
        });
    }
    (number > max).then(|| format!("{number} is too large: at most {max}"))
}

fn minimum_of(key: &str) -> u64 {
    let known = MINIMUMS.iter().find(|(known, _)| *known == key);
    known.map_or(0, |(_, min)| *min)
}

fn maximum_of(key: &str) -> u64 {
    let ends = |end: &str| key.ends_with(end);
    if ALLOCATED_COUNTS.contains(&key) {
        MAX_COUNT
    } else if key == "store.scan_connections" {
        1000
    } else if key == "runtime.stack_bytes" {
        MAX_STACK_BYTES
    } else if key == "wrong_keys.delay_ms" {
        MAX_DELAY_MS
    } else if key == "store.busy_timeout_ms" {
        MAX_BUSY_TIMEOUT_MS
    } else if ends("_ms") {
        MAX_DURATION_SECONDS * 1000
    } else if ends("_seconds") || ends("_seconds_before_end") {
        MAX_DURATION_SECONDS
    } else if ends("_minutes") {
        MAX_DURATION_SECONDS / 60
    } else if ends("_hours") {
        MAX_DURATION_SECONDS / 3600
    } else if ends("_days") {
        MAX_DURATION_SECONDS / (24 * 3600)
    } else {
        // SQLite integers are signed 64-bit numbers.
        i64::MAX.unsigned_abs()
    }
}
