//! Integrations that are built into this program. They belong to a workspace of the server.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{NewIntegration, Parts, create_in_tx};
use crate::{
    domain::{
        bots::definitions::IntegrationDefinition,
        tenancy::{app::App, audit::Actor, workspaces},
    },
    kernel::{Error, Result},
};

/// A version of a built-in integration.
pub(in crate::domain) struct BuiltInVersion {
    /// Id, the same on every server, because code that the vendor's command line generates contains it.
    pub(in crate::domain) id: &'static str,
    pub(in crate::domain) name: &'static str,
    pub(in crate::domain) version: &'static str,
    pub(in crate::domain) title: &'static str,
    pub(in crate::domain) description: &'static str,
    pub(in crate::domain) definition: IntegrationDefinition,
    pub(in crate::domain) readme: &'static str,
    /// True if it is in the Hub.
    pub(in crate::domain) public: bool,
}

const FIND: &str = "SELECT definition, public FROM integrations WHERE id = :id";

const SET_PUBLIC: &str = "UPDATE integrations SET public = :public WHERE id = :id";

const UPDATE_DEFINITION: &str = "
    UPDATE integrations SET
        definition = :definition, readme = :readme, revision = revision + 1, updated_at = :now
    WHERE id = :id";

/// Creates or updates a version. A version that is not public is not created.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn register(app: &App, release: BuiltInVersion) -> Result<()> {
    let (public, sealer) = (release.public, app.sealer().clone());
    let text = serde_json::to_string(&release.definition)
        .map_err(|error| Error::internal("a definition cannot be serialized", error))?;
    let known = app.store().read(|conn| find_registered(conn, release.id))?;
    if known == Some((text.clone(), public)) || (known.is_none() && !public) {
        return Ok(());
    }
    app.run_write_tx_as(Actor::System, move |tx| match known {
        None => {
            let workspace = workspaces::ensure_system(tx)?;
            create_in_tx(tx, &sealer, &workspace, release.into()).map(drop)
        }
        Some((old, _)) => {
            tx.conn
                .prepare_cached(SET_PUBLIC)?
                .execute(named_params! {":id": release.id, ":public": public})?;
            if old != text {
                tx.conn
                    .prepare_cached(UPDATE_DEFINITION)?
                    .execute(named_params! {
                        ":id": release.id,
                        ":definition": text,
                        ":readme": release.readme.as_bytes(),
                        ":now": tx.now,
                    })?;
            }
            Ok(())
        }
    })
    .await
}

fn find_registered(conn: &Connection, id: &str) -> Result<Option<(String, bool)>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":id": id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

impl From<BuiltInVersion> for NewIntegration {
    fn from(release: BuiltInVersion) -> Self {
        Self {
            name: release.name.to_owned(),
            version: release.version.to_owned(),
            public: true,
            title: Some(release.title.to_owned()),
            description: release.description.to_owned(),
            definition: release.definition,
            parts: Parts {
                code: Some("// A part of the server.\n".to_owned()),
                readme: Some(release.readme.as_bytes().to_vec()),
                ..Parts::default()
            },
            built_in: Some(release.id.into()),
            ..Self::default()
        }
    }
}
