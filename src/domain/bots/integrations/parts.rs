//! The parts of an integration version that are stored beside its row: code, icon, readme, secrets.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::{
        bots::package_files::check_icon_and_readme,
        tenancy::{
            app::App, bounds::Bound, request_auth::RequestContext, sealed_columns::SealedColumn,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Rule, Secret, Violation,
        ids::{IntegrationId, WorkspaceId},
    },
    store::Sealer,
};

/// Maximum length of a secret's name, in bytes.
const MAX_SECRET_NAME_BYTES: usize = 100;

/// The parts of a version to write. Absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Code: a CommonJS bundle.
    pub code: Option<String>,
    /// Icon: SVG, shared by all versions of the name.
    pub icon: Option<Vec<u8>>,
    /// Readme: Markdown.
    pub readme: Option<Vec<u8>>,
    /// Secrets for the environment of its code, by name; `None` removes one.
    pub secrets: BTreeMap<String, Option<Secret>>,
}

/// The version that the parts belong to.
pub(super) struct VersionRef<'a> {
    pub(super) seq: i64,
    pub(super) id: &'a IntegrationId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) name: &'a str,
}

/// Checks the name of a secret.
///
/// # Errors
/// `Invalid` unless an environment variable can have this name.
pub(in crate::domain) fn check_secret_name(name: &str) -> Result<()> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if begins && letters && name.len() <= MAX_SECRET_NAME_BYTES {
        return Ok(());
    }
    let rule = Rule::Other("must have the name of an environment variable".to_owned());
    Err(Violation::body(["secrets", name], rule).into())
}

const BOUND: Bound = Bound {
    owner_label: "A version of an integration",
    items_label: "secrets",
    setting: "secrets",
    limit: |bounds| bounds.secrets,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM integration_secrets WHERE integration_seq = ?1",
};

impl Parts {
    /// Validates the parts.
    pub(super) fn validate(&self) -> Result<()> {
        check_icon_and_readme(self.icon.as_deref(), self.readme.as_deref())?;
        self.secrets
            .keys()
            .try_for_each(|name| check_secret_name(name))?;
        Ok(())
    }

    /// Writes the parts.
    pub(super) fn write(
        self,
        tx: &WriteTx<'_>,
        sealer: &Sealer,
        of: &VersionRef<'_>,
    ) -> Result<()> {
        let conn = tx.conn;
        if let Some(code) = self.code {
            conn.prepare_cached(SET_CODE)?
                .execute(named_params! {":seq": of.seq, ":code": code})?;
        }
        if let Some(readme) = self.readme {
            conn.prepare_cached(SET_README)?
                .execute(named_params! {":seq": of.seq, ":readme": readme})?;
        }
        if let Some(icon) = self.icon {
            conn.prepare_cached(SET_ICON)?.execute(named_params! {
                ":workspace_id": of.workspace, ":name": of.name, ":icon": icon,
            })?;
        }
        for (name, secret) in self.secrets {
            let Some(secret) = secret else {
                conn.prepare_cached(REMOVE_SECRET)?
                    .execute(named_params! {":seq": of.seq, ":name": name})?;
                continue;
            };
            let of_name = named_params! {":seq": of.seq, ":name": name};
            if !conn.prepare_cached(HAS_SECRET)?.exists(of_name)? {
                BOUND.require(tx, of.seq)?;
            }
            let sealed = SealedColumn::IntegrationSecret.seal(
                sealer,
                &secret_row_id(of.id, &name),
                secret.expose().as_bytes(),
            );
            conn.prepare_cached(SET_SECRET)?.execute(named_params! {
                ":seq": of.seq, ":name": name, ":sealed": sealed,
            })?;
        }
        Ok(())
    }
}

const SET_CODE: &str = "
    INSERT INTO integration_code (integration_seq, code) VALUES (:seq, :code)
    ON CONFLICT (integration_seq) DO UPDATE SET code = excluded.code";

const SET_README: &str = "UPDATE integrations SET readme = :readme WHERE seq = :seq";

const SET_ICON: &str = "
    INSERT INTO integration_icons (workspace_id, name, icon) VALUES (:workspace_id, :name, :icon)
    ON CONFLICT (workspace_id, name) DO UPDATE SET icon = excluded.icon";

const HAS_SECRET: &str =
    "SELECT 1 FROM integration_secrets WHERE integration_seq = :seq AND name = :name";

const SET_SECRET: &str = "
    INSERT INTO integration_secrets (integration_seq, name, sealed) VALUES (:seq, :name, :sealed)
    ON CONFLICT (integration_seq, name) DO UPDATE SET sealed = excluded.sealed";

const REMOVE_SECRET: &str =
    "DELETE FROM integration_secrets WHERE integration_seq = :seq AND name = :name";

fn secret_row_id(id: &IntegrationId, name: &str) -> String {
    format!("{id}/{name}")
}

const SECRETS: &str = "
    SELECT integration_secrets.name, integration_secrets.sealed
    FROM integration_secrets JOIN integrations ON integrations.seq = integration_secrets.integration_seq
    WHERE integrations.id = :id
    ORDER BY integration_secrets.name";

/// Returns the decrypted secrets of an integration in the workspace of the call. No API operation returns
/// them.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn load_own_secrets(
    call: &RequestContext,
    id: &IntegrationId,
) -> Result<BTreeMap<String, Secret>> {
    let app = call.app();
    app.store().read(|conn| {
        super::rows::load(conn, call.workspace(), id)?;
        load_secrets(conn, app.sealer(), id)
    })
}

/// Returns the decrypted secrets of an integration, for its code and its scripts.
pub(in crate::domain) fn load_secrets(
    conn: &Connection,
    sealer: &Sealer,
    id: &IntegrationId,
) -> Result<BTreeMap<String, Secret>> {
    let mut statement = conn.prepare_cached(SECRETS)?;
    let rows = statement.query_map(named_params! {":id": id}, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let mut secrets = BTreeMap::new();
    for row in rows {
        let (name, sealed) = row?;
        let opened = SealedColumn::IntegrationSecret
            .open(sealer, &secret_row_id(id, &name), &sealed)
            .map_err(|error| Error::internal("a sealed secret cannot be decrypted", error))?;
        let text = String::from_utf8(opened)
            .map_err(|error| Error::internal("a sealed secret is not UTF-8", error))?;
        secrets.insert(name, Secret::new(text));
    }
    Ok(secrets)
}

const ICON: &str = "
    SELECT integration_icons.icon FROM integrations
    LEFT JOIN integration_icons ON integration_icons.workspace_id = integrations.workspace_id
        AND integration_icons.name = integrations.name
    WHERE integrations.id = :id";

const README: &str = "SELECT readme FROM integrations WHERE id = :id";

/// Returns the icon of an integration, if it has one. The id is the only access check.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_icon(app: &App, id: &IntegrationId) -> Result<Option<Vec<u8>>> {
    app.store().read(|conn| read_file_column(conn, ICON, id))
}

/// Returns the readme of an integration, if it has one. The id is the only access check.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_readme(app: &App, id: &IntegrationId) -> Result<Option<Vec<u8>>> {
    app.store().read(|conn| read_file_column(conn, README, id))
}

fn read_file_column(conn: &Connection, sql: &str, id: &IntegrationId) -> Result<Option<Vec<u8>>> {
    let found = conn
        .prepare_cached(sql)?
        .query_row(named_params! {":id": id}, |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("Integration \"{id}\" not found")))
}
