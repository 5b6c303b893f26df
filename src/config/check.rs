//! Validation of settings beyond what their types guarantee.

use figment::Figment;

use super::{Config, ConfigError, load::source_of, ranges};
use crate::domain::retrieval::folders;

/// Validates every setting.
///
/// # Errors
/// [`ConfigError::Setting`] for the first invalid setting.
pub(super) fn check(figment: &Figment, config: &Config) -> Result<(), ConfigError> {
    let refused = |key: &str, problem: String| ConfigError::Setting {
        key: key.to_owned(),
        problem,
        source_name: source_of(figment, key),
    };
    if let Some((key, problem)) = ranges::find_problem(config) {
        return Err(refused(&key, problem));
    }
    if let Some((key, problem)) = folders::find_invalid_setting(&config.connectors.folder) {
        return Err(ConfigError::Setting {
            source_name: source_of(figment, "connectors.folder"),
            key,
            problem,
        });
    }
    if let Some(problem) = log_level_problem(&config.log.level) {
        return Err(refused("log.level", problem));
    }
    Ok(())
}

/// The level names that `tracing` accepts.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn log_level_problem(filter: &str) -> Option<String> {
    // `EnvFilter` reads a bare word that is no level, such as `loud`, as a target and logs everything of it.
    let is_word = |directive: &&str| {
        let mut letters = directive.chars();
        !directive.is_empty() && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    let is_level = |word: &str| {
        let named = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
        named || word.parse::<u8>().is_ok_and(|level| level < 6)
    };
    let mut words = filter.split(',').map(str::trim).filter(is_word);
    if let Some(word) = words.find(|word| !is_level(word)) {
        return Some(format!(
            "{filter:?}: {word} is not a level; the levels are {}, and a part can have its own, such as \
             parlance=debug",
            LEVELS.join(", ")
        ));
    }
    let parsed = filter.parse::<tracing_subscriber::EnvFilter>();
    let error = parsed.err()?;
    Some(format!("{filter:?} is not a valid log filter: {error}"))
}
