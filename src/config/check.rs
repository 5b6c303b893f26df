//! Rules of settings that their types do not carry.

use figment::Figment;

use super::{Config, ConfigError, load::source_of};
use crate::domain::folders;

/// Asserts that every setting has a value that it can have.
pub(super) fn check(figment: &Figment, config: &Config) -> Result<(), ConfigError> {
    let refused = |key: &str, problem: String| ConfigError::Setting {
        key: key.to_owned(),
        problem,
        source_name: source_of(figment, key),
    };
    if let Some(key) = not_positive(config) {
        return Err(refused(key, "0 is too small".to_owned()));
    }
    if let Some((key, value, least)) = too_small(config) {
        let problem = format!("{value} is too small; the least is {least}");
        return Err(refused(key, problem));
    }
    if let Some((key, problem)) = folders::problem(&config.connectors.folder) {
        return Err(ConfigError::Setting {
            source_name: source_of(figment, "connectors.folder"),
            key,
            problem,
        });
    }
    if let Err(error) = config.log.level.parse::<tracing_subscriber::EnvFilter>() {
        let problem = format!("{:?} says nothing to log: {error}", config.log.level);
        return Err(refused("log.level", problem));
    }
    Ok(())
}

/// The first setting that is 0 and cannot be.
fn not_positive(config: &Config) -> Option<&'static str> {
    let server = &config.server;
    let (ada, store) = (&config.ada, &config.store);
    let positive = [
        ("server.body_limit_bytes", server.body_limit_bytes > 0),
        (
            "server.request_timeout_seconds",
            server.request_timeout_seconds > 0,
        ),
        (
            "server.header_timeout_seconds",
            server.header_timeout_seconds > 0,
        ),
        ("server.keep_alive_seconds", server.keep_alive_seconds > 0),
        ("server.max_connections", server.max_connections != Some(0)),
        ("ada.oauth_code_seconds", ada.oauth_code_seconds > 0),
        (
            "ada.oauth_access_token_seconds",
            ada.oauth_access_token_seconds > 0,
        ),
        (
            "ada.oauth_refresh_token_seconds",
            ada.oauth_refresh_token_seconds > 0,
        ),
        (
            "bots.unindexed_messages",
            config.bots.unindexed_messages > 0,
        ),
        ("store.batch_size", store.batch_size > 0),
        ("store.queue_depth", store.queue_depth > 0),
        ("store.scan_connections", store.scan_connections > 0),
    ];
    let broken = positive.into_iter().find(|(_, holds)| !holds);
    broken.map(|(key, _)| key)
}

/// The first setting below its least value, with both.
fn too_small(config: &Config) -> Option<(&'static str, usize, usize)> {
    let server = &config.server;
    let least = [
        ("server.header_bytes", server.header_bytes, 8192),
        (
            "server.body_memory_bytes",
            server.body_memory_bytes,
            server.body_limit_bytes,
        ),
    ];
    let broken = |(_, value, least): &(&str, usize, usize)| value < least;
    least.into_iter().find(broken)
}
