//! Lists every effective setting with its source. Secrets are masked.

use serde::Serialize;
use serde_json::Value;

use super::{
    Profile,
    load::{Loaded, source_of},
};

/// The settings that, if unset, follow from the profile: on in `dev`.
const PROFILE_DEPENDENT: [&str; 4] = [
    "inbox.enabled",
    "runtime.node_fallback",
    "tunnel.enabled",
    "webhooks.http_to_loopback",
];

/// A setting and its source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// The key: `server.listen`.
    pub key: String,
    /// The value; `[hidden]` for a secret that is set, null for an unset setting.
    pub value: Value,
    /// `default`, a file, an environment variable, a flag, or the setting that decides the value.
    pub source: String,
}

/// Returns every setting in the order of the example file.
#[must_use]
pub fn list_settings(loaded: &Loaded) -> Vec<Setting> {
    let mut config = loaded.config.clone();
    let path = config.store.path.to_string_lossy().into_owned();
    config.store.path = path.into();
    let whole = serde_json::to_value(&config).expect("settings can be written as JSON");
    let mut found = Vec::new();
    collect_leaves(&whole, "", &mut found);
    let is_dev = config.server.profile == Profile::Dev;
    let setting = |(key, value): (String, Value)| {
        if value.is_null() && PROFILE_DEPENDENT.contains(&key.as_str()) {
            return Setting {
                key,
                value: is_dev.into(),
                source: "server.profile".to_owned(),
            };
        }
        Setting {
            source: source_of(&loaded.figment, &key),
            key,
            value,
        }
    };
    found.into_iter().map(setting).collect()
}

fn collect_leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let separator = if path.is_empty() { "" } else { "." };
                collect_leaves(value, &format!("{path}{separator}{name}"), found);
            }
        }
        leaf => found.push((path.to_owned(), leaf.clone())),
    }
}

/// True if a setting is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    key == "seal.key"
        || key == "answers.upstream.key"
        || (key.starts_with("bootstrap.") && (key.ends_with("_key") || key.ends_with("_pat")))
}
