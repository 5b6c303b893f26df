//! Definition and registration of the built-in integration. It belongs to a workspace of the server.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::NAME;
use crate::{
    domain::{
        bots::{
            definitions::IntegrationDefinition,
            integrations::{self, NewIntegration, Parts},
        },
        tenancy::{app::App, audit::Actor, workspaces, write_tx::WriteTx},
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

const FIND: &str = "SELECT definition, public FROM integrations WHERE id = :id";

const SET_PUBLIC: &str = "UPDATE integrations SET public = :public WHERE id = :id";

const UPDATE_DEFINITION: &str = "
    UPDATE integrations SET
        definition = :definition, readme = :readme, revision = revision + 1, updated_at = :now
    WHERE id = :id";

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
    let (enabled, sealer) = (app.webchat_settings().enabled, app.sealer().clone());
    let definition = release
        .definition()
        .map_err(|error| Error::internal("the chat's definition cannot be read", error))?;
    let text = serde_json::to_string(&definition)
        .map_err(|error| Error::internal("the chat's definition cannot be serialized", error))?;
    let known = app.store().read(|conn| find_registered(conn, release.id))?;
    if known == Some((text.clone(), enabled)) || (known.is_none() && !enabled) {
        return Ok(());
    }
    app.run_write_tx_as(Actor::System, move |tx| match known {
        None => create_integration(tx, &sealer, release, definition),
        Some((old, _)) => {
            tx.conn
                .prepare_cached(SET_PUBLIC)?
                .execute(named_params! {":id": release.id, ":public": enabled})?;
            if old != text {
                tx.conn
                    .prepare_cached(UPDATE_DEFINITION)?
                    .execute(named_params! {
                        ":id": release.id,
                        ":definition": text,
                        ":readme": README.as_bytes(),
                        ":now": tx.now,
                    })?;
            }
            Ok(())
        }
    })
    .await
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

fn find_registered(conn: &Connection, id: &str) -> Result<Option<(String, bool)>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":id": id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

fn create_integration(
    tx: &WriteTx<'_>,
    sealer: &crate::store::Sealer,
    release: &Release,
    definition: IntegrationDefinition,
) -> Result<()> {
    let workspace = workspaces::ensure_system(tx)?;
    let new = NewIntegration {
        name: NAME.to_owned(),
        version: release.version.to_owned(),
        public: true,
        title: Some("Chat".to_owned()),
        description: "Talk with the bot from a web page, a terminal or a program.".to_owned(),
        definition,
        parts: Parts {
            code: Some("// A part of the server.\n".to_owned()),
            readme: Some(README.as_bytes().to_vec()),
            ..Parts::default()
        },
        built_in: Some(release.id.into()),
        ..NewIntegration::default()
    };
    integrations::create_in_tx(tx, sealer, &workspace, new).map(drop)
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
