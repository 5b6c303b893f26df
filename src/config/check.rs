//! Rules of settings that their types do not carry.

use figment::Figment;

use super::{Config, ConfigError, load::source_of, ranges};
use crate::domain::folders;

/// Asserts that every setting has a value that it can have.
pub(super) fn check(figment: &Figment, config: &Config) -> Result<(), ConfigError> {
    let refused = |key: &str, problem: String| ConfigError::Setting {
        key: key.to_owned(),
        problem,
        source_name: source_of(figment, key),
    };
    if let Some((key, problem)) = ranges::problem(config) {
        return Err(refused(&key, problem));
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
