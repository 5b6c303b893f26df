//! Definition and registration of the built-in integration. It belongs to a workspace of the server.

use rusqlite::{Connection, OptionalExtension, named_params};

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

/// Version of the integration: the version of the API that the official client uses.
const VERSION: &str = "0.7.6";

/// Id of the integration. It is the same on every server, because code that the vendor's command line generates
/// contains it.
pub(super) const ID: &str = "6368b1a7-0000-4000-8000-000000000706";

/// Definition of the integration in JSON.
const DEFINITION: &str = include_str!("definition.json");

const README: &str = include_str!("readme.md");

const FIND: &str = "SELECT definition, public FROM integrations WHERE id = :id";

const SET_PUBLIC: &str = "UPDATE integrations SET public = :public WHERE id = :id";

const UPDATE_DEFINITION: &str = "
    UPDATE integrations SET
        definition = :definition, readme = :readme, revision = revision + 1, updated_at = :now
    WHERE id = :id";

/// Creates or updates the integration. It is public, or private if the settings turn the chat off.
///
/// # Errors
/// Errors of the store.
pub async fn register(app: &App) -> Result<()> {
    let (enabled, sealer) = (app.webchat_settings().enabled, app.sealer().clone());
    let definition: IntegrationDefinition = serde_json::from_str(DEFINITION)
        .map_err(|error| Error::internal("the chat's definition cannot be read", error))?;
    let text = serde_json::to_string(&definition)
        .map_err(|error| Error::internal("the chat's definition cannot be serialized", error))?;
    let known = app.store().read(find_registered)?;
    if known == Some((text.clone(), enabled)) || (known.is_none() && !enabled) {
        return Ok(());
    }
    app.run_write_tx_as(Actor::System, move |tx| match known {
        None => create_integration(tx, &sealer, definition),
        Some((old, _)) => {
            tx.conn
                .prepare_cached(SET_PUBLIC)?
                .execute(named_params! {":id": ID, ":public": enabled})?;
            if old != text {
                tx.conn
                    .prepare_cached(UPDATE_DEFINITION)?
                    .execute(named_params! {
                        ":id": ID,
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

fn find_registered(conn: &Connection) -> Result<Option<(String, bool)>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":id": ID}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

fn create_integration(
    tx: &WriteTx<'_>,
    sealer: &crate::store::Sealer,
    definition: IntegrationDefinition,
) -> Result<()> {
    let workspace = workspaces::ensure_system(tx)?;
    let new = NewIntegration {
        name: NAME.to_owned(),
        version: VERSION.to_owned(),
        public: true,
        title: Some("Chat".to_owned()),
        description: "Talk with the bot from a web page, a terminal or a program.".to_owned(),
        definition,
        parts: Parts {
            code: Some("// A part of the server.\n".to_owned()),
            readme: Some(README.as_bytes().to_vec()),
            ..Parts::default()
        },
        built_in: Some(ID.into()),
        ..NewIntegration::default()
    };
    integrations::create_in_tx(tx, sealer, &workspace, new).map(drop)
}
