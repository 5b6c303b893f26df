//! Definition and registration of the built-in integration. It belongs to a workspace of the server.

use serde_json::Value;

use super::NAME;
use crate::{
    domain::{
        bots::{
            definitions::IntegrationDefinition,
            integrations::built_in::{self, BuiltInVersion},
        },
        tenancy::app::App,
    },
    kernel::{Error, Result},
};

/// A version of the integration. Its id is the same on every server, because code that the vendor's command line
/// generates contains it.
struct Release {
    version: &'static str,
    id: &'static str,
    /// Definition in JSON: the part that a version adds to the common one.
    additions: &'static str,
}

/// The versions, which share the program and the API. Bots keep the version that they have.
const RELEASES: [Release; 2] = [
    Release {
        version: "0.7.6",
        id: "6368b1a7-0000-4000-8000-000000000706",
        additions: "{}",
    },
    Release {
        version: VERSION,
        id: ID,
        additions: include_str!("definition_1.json"),
    },
];

/// The newest version, which is also that of the API.
pub const VERSION: &str = "1.0.0";

/// Id of the newest version.
pub(super) const ID: &str = "6368b1a7-0000-4000-8000-000000010000";

/// Common definition of all versions, in JSON.
const DEFINITION: &str = include_str!("definition.json");

const README: &str = include_str!("readme.md");

/// Creates or updates the versions of the integration. They are public, or private if the settings turn the chat
/// off.
///
/// # Errors
/// Errors of the store.
pub async fn register(app: &App) -> Result<()> {
    for release in &RELEASES {
        register_release(app, release).await?;
    }
    Ok(())
}

async fn register_release(app: &App, release: &'static Release) -> Result<()> {
    let definition = release
        .definition()
        .map_err(|error| Error::internal("the chat's definition cannot be read", error))?;
    let version = BuiltInVersion {
        id: release.id,
        name: NAME,
        version: release.version,
        title: "Chat",
        description: "Talk with the bot from a web page, a terminal or a program.",
        definition,
        readme: README,
        public: app.webchat_settings().enabled,
    };
    built_in::register(app, version).await
}

impl Release {
    fn definition(&self) -> serde_json::Result<IntegrationDefinition> {
        let mut whole: Value = serde_json::from_str(DEFINITION)?;
        merge(&mut whole, serde_json::from_str(self.additions)?);
        serde_json::from_value(whole)
    }
}

/// Adds the members of a JSON object to another, at every depth.
fn merge(whole: &mut Value, additions: Value) {
    match (whole, additions) {
        (Value::Object(whole), Value::Object(additions)) => {
            for (name, value) in additions {
                merge(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, addition) => *whole = addition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_adds_to_the_common_definition() {
        let [old, new] = RELEASES
            .each_ref()
            .map(|release| release.definition().expect("a definition"));
        let configuration = |definition: &IntegrationDefinition| {
            let schema = serde_json::to_value(&definition.configuration.schema).expect("JSON");
            let members = schema["properties"].as_object().expect("members");
            members.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(configuration(&old), ["encryptionKey"]);
        assert_eq!(
            configuration(&new),
            ["encryptionKey", "webhookUrl", "webhookSecret"]
        );
        let actions = |definition: &IntegrationDefinition| {
            definition.actions.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(actions(&old), ["sendEvent"]);
        assert_eq!(actions(&new), ["publishMessageStream", "sendEvent"]);
        assert_eq!(old.channels, new.channels);
    }
}
