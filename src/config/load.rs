//! Loads the configuration. Later sources override earlier ones: defaults, file, environment, flags.

use std::{
    env,
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::{Actual, Kind},
    providers::{Format, Serialized, Toml},
    value::{Dict, Map, Value},
};

use super::{Config, check::check, show::is_secret};

/// The configuration file that is read by default, if it exists.
const DEFAULT_FILE: &str = "parlance.toml";
/// The prefix of the environment variables.
const ENV_PREFIX: &str = "PARLANCE_";
/// The source name of a default value.
pub(super) const DEFAULT_SOURCE: &str = "default";

/// Settings from command-line flags.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The database file.
    pub db: Option<PathBuf>,
}

/// A loaded configuration and the source of each value.
pub struct Loaded {
    /// The effective values.
    pub config: Config,
    pub(super) figment: Figment,
}

/// The reason why the configuration cannot be loaded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A configuration file named with `--config` does not exist.
    #[error("there is no configuration file {}", .0.display())]
    NoFile(PathBuf),
    /// A file is not valid TOML.
    #[error("{source_name}: {problem}")]
    Syntax {
        /// The file, environment variable or flag.
        source_name: String,
        /// The reason.
        problem: String,
    },
    /// A setting does not exist or has an invalid value.
    #[error("setting {key}: {problem} (from {source_name})")]
    Setting {
        /// The key of the setting: `server.listen`.
        key: String,
        /// The reason, with the value unless it is a secret.
        problem: String,
        /// The file, environment variable or flag.
        source_name: String,
    },
}

/// Loads the configuration from the file, the environment of this process and the flags.
///
/// # Errors
/// [`ConfigError`] if a named file does not exist or a setting is invalid.
pub fn load(overrides: &Overrides) -> Result<Loaded, ConfigError> {
    load_with(overrides, env::vars_os())
}

pub(super) fn load_with(
    overrides: &Overrides,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Loaded, ConfigError> {
    let defaults = Serialized::defaults(Config::default());
    let mut figment = Figment::from(NamedSource::new(
        DEFAULT_SOURCE,
        defaults.data().unwrap_or_default(),
    ));
    if let Some(file) = find_file(overrides)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    let known = figment.clone();
    let mut variables: Vec<_> = environment.filter_map(parse_variable).collect();
    variables.sort();
    for (name, path, text) in variables {
        let text = text.into_string().map_err(|_| ConfigError::Setting {
            key: path.clone(),
            problem: "it is not UTF-8".to_owned(),
            source_name: name.clone(),
        })?;
        let value = to_typed_value(&known, &path, text);
        figment = figment.merge(NamedSource::single_value(&name, &path, value));
    }
    if let Some(listen) = overrides.listen {
        figment = figment.merge(NamedSource::single_value(
            "--listen",
            "server.listen",
            listen.to_string().into(),
        ));
    }
    if let Some(db) = &overrides.db {
        let path = db.to_string_lossy().into_owned();
        figment = figment.merge(NamedSource::single_value("--db", "store.path", path.into()));
    }
    let mut config: Config = figment
        .extract()
        .map_err(|error| to_config_error(&figment, &error))?;
    check(&figment, &config)?;
    if let Some(db) = &overrides.db {
        // A path can hold any bytes, but Figment holds settings as UTF-8.
        config.store.path.clone_from(db);
    }
    Ok(Loaded { config, figment })
}

fn find_file(overrides: &Overrides) -> Result<Option<PathBuf>, ConfigError> {
    match &overrides.config {
        Some(path) if path.is_file() => Ok(Some(path.clone())),
        Some(path) => Err(ConfigError::NoFile(path.clone())),
        None => Ok(Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file())),
    }
}

/// Returns the variable's name, the key of its setting, and its value, if the variable has our prefix.
fn parse_variable((name, text): (OsString, OsString)) -> Option<(String, String, OsString)> {
    let name = name.into_string().ok()?;
    let path = name
        .strip_prefix(ENV_PREFIX)?
        .to_ascii_lowercase()
        .replace("__", ".");
    Some((name, path, text))
}

/// Converts the text of a variable to the type of its setting. A key that consists of digits stays a string.
fn to_typed_value(known: &Figment, path: &str, text: String) -> Value {
    let is_text = match known.find_value(path) {
        Ok(Value::String(..)) => true,
        Ok(Value::Empty(..)) => accepts_text(known, path, &text),
        _ => false,
    };
    if is_text {
        return text.into();
    }
    match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// True if a setting without a default, and so of unknown type, accepts a string.
fn accepts_text(known: &Figment, path: &str, text: &str) -> bool {
    let tried = NamedSource::single_value(path, path, text.into());
    let tried = known.clone().merge(tried).extract::<Config>();
    !tried.is_err_and(|error| error.path.join(".") == path)
}

fn to_config_error(figment: &Figment, error: &figment::Error) -> ConfigError {
    let mut key = error.path.join(".");
    let problem = match &error.kind {
        Kind::UnknownField(name, _) => {
            // Depending on the source, the path ends with the unknown field or with its parent.
            if error.path.last() != Some(name) {
                let separator = if key.is_empty() { "" } else { "." };
                key = format!("{key}{separator}{name}");
            }
            "there is no such setting".to_owned()
        }
        other if is_secret(&key) => {
            // The error text can contain the secret.
            let _ = other;
            "the value is not a string".to_owned()
        }
        Kind::InvalidValue(Actual::Unsigned(figure), wanted) if wanted == "u32" => {
            format!("{figure} is too large: at most {}", u32::MAX)
        }
        // The message of a type's own parser does not include the value.
        Kind::Message(message) => match figment.find_value(&key) {
            Ok(Value::String(_, text)) => format!("{text:?}: {message}"),
            _ => message.clone(),
        },
        other => other.to_string(),
    };
    let source_name = error
        .metadata
        .as_ref()
        .map_or_else(|| source_of(figment, &key), source_name);
    if key.is_empty() {
        ConfigError::Syntax {
            source_name,
            problem,
        }
    } else {
        ConfigError::Setting {
            key,
            problem,
            source_name,
        }
    }
}

/// Returns the name of the source of a setting's value.
pub(super) fn source_of(figment: &Figment, key: &str) -> String {
    figment
        .find_metadata(key)
        .map_or_else(|| DEFAULT_SOURCE.to_owned(), source_name)
}

fn source_name(metadata: &Metadata) -> String {
    match metadata
        .source
        .as_ref()
        .and_then(|source| source.file_path())
    {
        Some(path) => display(path),
        None => metadata.name.to_string(),
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// Values with the name of their source.
struct NamedSource {
    name: String,
    data: Map<Profile, Dict>,
}

impl NamedSource {
    fn new(name: &str, data: Map<Profile, Dict>) -> Self {
        Self {
            name: name.to_owned(),
            data,
        }
    }

    /// Creates a provider with one value at a dotted path.
    fn single_value(name: &str, path: &str, value: Value) -> Self {
        let nested = figment::util::nest(path, value);
        let data = nested.into_dict().unwrap_or_default();
        Self::new(name, Profile::Default.collect(data))
    }
}

impl Provider for NamedSource {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(self.data.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, text)| (OsString::from(name), OsString::from(text)))
            .collect();
        load_with(&Overrides::default(), variables.into_iter())
    }

    fn problem(variables: &[(&str, &str)]) -> String {
        with(variables).err().expect("an error").to_string()
    }

    #[test]
    fn the_environment_sets_what_it_names() {
        let loaded = with(&[
            ("PARLANCE_LIMITS__ALOOCHAT__PER_DAY", "7"),
            ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", "12345678"),
            ("PARLANCE_ALOOCHAT__CREATE_STATUS", "201"),
            ("PARLANCE_STORE__PATH", "/tmp/x.db"),
            ("OTHER", "1"),
        ])
        .expect("valid settings");
        assert_eq!(loaded.config.limits.aloochat.per_day, 7);
        let key = loaded.config.bootstrap.aloochat_key.as_ref();
        assert_eq!(key.map(|key| key.expose()), Some("12345678"));
        assert_eq!(
            source_of(&loaded.figment, "limits.aloochat.per_day"),
            "PARLANCE_LIMITS__ALOOCHAT__PER_DAY"
        );
        assert_eq!(source_of(&loaded.figment, "server.listen"), "default");
    }

    #[test]
    fn a_setting_without_a_default_takes_what_it_is_of() {
        let loaded = with(&[
            ("PARLANCE_RUNTIME__NODE_FALLBACK", "true"),
            ("PARLANCE_TUNNEL__ENABLED", "false"),
            ("PARLANCE_WEBHOOKS__HTTP_TO_LOOPBACK", "true"),
            ("PARLANCE_SERVER__MAX_CONNECTIONS", "50"),
            ("PARLANCE_BOOTSTRAP__ADA_KEY", "12345678"),
        ]);
        let config = loaded.expect("valid settings").config;
        assert_eq!(config.runtime.node_fallback, Some(true));
        assert_eq!(config.tunnel.enabled, Some(false));
        assert_eq!(config.webhooks.http_to_loopback, Some(true));
        assert_eq!(config.server.max_connections, Some(50));
        let key = config.bootstrap.ada_key.as_ref();
        assert_eq!(key.map(|key| key.expose()), Some("12345678"));
        assert!(
            problem(&[("PARLANCE_TUNNEL__ENABLED", "perhaps")])
                .contains("setting tunnel.enabled: invalid type: found string \"perhaps\"")
        );
    }

    #[test]
    fn a_bad_setting_names_key_value_and_source() {
        assert_eq!(
            problem(&[("PARLANCE_LIMITS__ALOOCHAT__PER_DAY", "many")]),
            "setting limits.aloochat.per_day: invalid type: found string \"many\", expected u32 \
             (from PARLANCE_LIMITS__ALOOCHAT__PER_DAY)"
        );
        assert_eq!(
            problem(&[("PARLANCE_LIMITS__ALOOCHAT__PER_DAY", "4294967296")]),
            "setting limits.aloochat.per_day: 4294967296 is too large: at most 4294967295 \
             (from PARLANCE_LIMITS__ALOOCHAT__PER_DAY)"
        );
        assert_eq!(
            problem(&[("PARLANCE_STORE__BUSY_TIMEOUT_MS", "4294967296")]),
            "setting store.busy_timeout_ms: 4294967296 is too large: at most 2147483647 \
             (from PARLANCE_STORE__BUSY_TIMEOUT_MS)"
        );
        assert_eq!(
            problem(&[("PARLANCE_SERVER__PROT", "1")]),
            "setting server.prot: there is no such setting (from PARLANCE_SERVER__PROT)"
        );
        assert_eq!(
            problem(&[("PARLANCE_STORE__BATCH_SIZE", "0")]),
            "setting store.batch_size: 0 is too small (from PARLANCE_STORE__BATCH_SIZE)"
        );
        assert!(
            problem(&[("PARLANCE_ALOOCHAT__CREATE_STATUS", "202")])
                .contains("202 is not one of [200, 201]")
        );
        assert!(problem(&[("PARLANCE_SERVER__LISTEN", "nowhere")]).contains("nowhere"));
        assert!(problem(&[("PARLANCE_LOG__LEVEL", "parlance=loud")]).contains("loud"));
        assert_eq!(
            problem(&[("PARLANCE_LOG__LEVEL", "info,loud")]),
            "setting log.level: \"info,loud\": loud is not a level; the levels are off, error, warn, info, \
             debug, trace, and a part can have its own, such as parlance=debug (from PARLANCE_LOG__LEVEL)"
        );
        for level in ["WARN", "3", "info,parlance=debug,poem::x=trace", "off"] {
            assert!(with(&[("PARLANCE_LOG__LEVEL", level)]).is_ok(), "{level}");
        }
    }

    #[test]
    fn a_named_file_must_be_there() {
        let missing = Overrides {
            config: Some(PathBuf::from("/nonexistent/parlance.toml")),
            ..Overrides::default()
        };
        let error = load_with(&missing, std::iter::empty()).err();
        assert!(matches!(error, Some(ConfigError::NoFile(_))));
    }

    #[test]
    fn a_secret_does_not_show_in_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("parlance.toml");
        std::fs::write(&path, "[bootstrap]\naloochat_key = 123456789\n").expect("a file");
        let overrides = Overrides {
            config: Some(path),
            ..Overrides::default()
        };
        let error = load_with(&overrides, std::iter::empty())
            .err()
            .expect("an error")
            .to_string();
        assert!(error.contains("bootstrap.aloochat_key"), "{error}");
        assert!(!error.contains("123456789"), "{error}");
    }
}
