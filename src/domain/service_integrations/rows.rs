//! Reads and lists the rows of service integrations, and opens their secrets.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::{
    ListPage, ListRange, Reveal, Service, ServiceIntegration, Visibility, secrets::SplitConfig,
};
use crate::{
    domain::{
        shared::paging::SHORT_PAGE_ROWS,
        tenancy::{request_auth::RequestContext, sealed_columns::SealedColumn},
    },
    kernel::{
        Error, RawObject, Result, Rule, Violation,
        ids::{ServiceIntegrationId, WorkspaceId},
        violation::{Location, PathSegment},
    },
    store::Sealer,
};

/// Returns the integration with this id.
///
/// # Errors
/// `NotFound` if the caller's workspace has no such integration, or an error of the store.
pub fn find(
    call: &RequestContext,
    id: &ServiceIntegrationId,
    reveal: Reveal,
) -> Result<ServiceIntegration> {
    let app = call.app();
    let stored = app
        .store()
        .read(|conn| find_stored(conn, call.workspace(), id))?;
    stored.into_integration(app.sealer(), reveal)
}

const LIST: &str = "
    SELECT id, service, name, config, secrets, is_active, visibility, agent_id
    FROM service_integrations
    WHERE workspace_id = :workspace_id AND seq > :after AND seq < :before
    ORDER BY seq LIMIT :limit OFFSET :skip";

const SEQ: &str = "
    SELECT seq FROM service_integrations WHERE workspace_id = :workspace_id AND id = :id";

/// Returns the integrations of the caller's workspace, oldest first.
///
/// With `after`, a page costs the same at any depth. Each row that `skip` skips costs a step from
/// row to row.
///
/// # Errors
/// `Invalid` if there is no integration with the id `after`, or an error of the store.
pub async fn list(call: &RequestContext, slice: ListRange, reveal: Reveal) -> Result<ListPage> {
    let is_short = slice
        .limit
        .is_some_and(|limit| limit.saturating_add(slice.skip) <= SHORT_PAGE_ROWS);
    let (app, caller) = (call.app().clone(), call.principal().clone());
    call.app()
        .store()
        .read_page(is_short, move |conn| {
            let (workspace, numbers) = (&caller.workspace_id, caller.workspace_rows);
            let after = match &slice.after {
                Some(id) => conn
                    .prepare_cached(SEQ)?
                    .query_row(
                        named_params! {":workspace_id": workspace, ":id": id},
                        |row| row.get(0),
                    )
                    .optional()?
                    .ok_or_else(unknown_after_error)?,
                None => numbers.after,
            };
            let mut statement = conn.prepare_cached(LIST)?;
            let mut rows = statement.query(named_params! {
                ":workspace_id": workspace,
                ":after": after,
                ":before": numbers.before,
                // One extra row shows if more rows follow.
                ":limit": slice.limit.map_or(-1, |limit| to_sql_count(limit.saturating_add(1))),
                ":skip": to_sql_count(slice.skip),
            })?;
            let mut listed = ListPage {
                items: Vec::new(),
                has_more: false,
            };
            while let Some(row) = rows.next()? {
                if slice.limit == Some(listed.items.len() as u64) {
                    listed.has_more = true;
                    break;
                }
                let stored = StoredIntegration::from_row(row, workspace)?;
                listed
                    .items
                    .push(stored.into_integration(app.sealer(), reveal)?);
            }
            Ok(listed)
        })
        .await
}

fn to_sql_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An integration as stored, with its secrets sealed.
pub(super) struct StoredIntegration {
    pub(super) integration: ServiceIntegration,
    sealed: Option<Vec<u8>>,
}

const FIND: &str = "
    SELECT id, service, name, config, secrets, is_active, visibility, agent_id
    FROM service_integrations WHERE workspace_id = :workspace_id AND id = :id";

pub(super) fn find_stored(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &ServiceIntegrationId,
) -> Result<StoredIntegration> {
    conn.prepare_cached(FIND)?
        .query_row(
            named_params! {":workspace_id": workspace, ":id": id},
            |row| StoredIntegration::from_row(row, workspace),
        )
        .optional()?
        .ok_or_else(not_found)
}

/// The list exists, so an unknown id is an invalid parameter and not `NotFound`.
fn unknown_after_error() -> Error {
    let violation = Violation {
        location: Location::Query,
        path: vec![PathSegment::Key("after".to_owned())],
        rule: Rule::Other("must be the id of an integration".to_owned()),
    };
    violation.into()
}

pub(super) fn not_found() -> Error {
    Error::not_found("Integration not found")
}

impl StoredIntegration {
    /// Reads a row by the column order of [`FIND`] and [`LIST`]. A look-up by name compares
    /// SQLite's names of all earlier columns for each value.
    fn from_row(row: &Row<'_>, workspace: &WorkspaceId) -> rusqlite::Result<Self> {
        Ok(Self {
            integration: ServiceIntegration {
                id: row.get(0)?,
                workspace_id: workspace.clone(),
                service: row.get::<_, Service>(1)?,
                name: row.get(2)?,
                config: row.get(3)?,
                is_active: row.get(5)?,
                visibility: row.get::<_, Visibility>(6)?,
                agent_id: row.get(7)?,
            },
            sealed: row.get(4)?,
        })
    }

    /// Returns the integration with or without its secrets.
    fn into_integration(mut self, sealer: &Sealer, reveal: Reveal) -> Result<ServiceIntegration> {
        if reveal == Reveal::Secrets && self.sealed.is_some() {
            self.integration.config = RawObject::from(&self.split_config(sealer)?.full_config());
        }
        Ok(self.integration)
    }

    /// Returns the configuration, split into public members and secrets.
    pub(super) fn split_config(&self, sealer: &Sealer) -> Result<SplitConfig> {
        Ok(SplitConfig {
            public: self.integration.config.parse_members(),
            secrets: match &self.sealed {
                Some(sealed) => open_secrets(sealer, &self.integration.id, sealed)?,
                None => Map::new(),
            },
            cleared: Vec::new(),
        })
    }
}

fn open_secrets(
    sealer: &Sealer,
    id: &ServiceIntegrationId,
    sealed: &[u8],
) -> Result<Map<String, Value>> {
    let text = SealedColumn::ServiceIntegrationSecrets
        .open(sealer, id.as_str(), sealed)
        .map_err(|error| Error::internal("a sealed secret cannot be decrypted", error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Error::internal("sealed secrets are not a JSON object", error))
}

/// Seals the secrets of an integration; none if it has none.
pub(super) fn seal_secrets(
    sealer: &Sealer,
    id: &ServiceIntegrationId,
    hidden: &Map<String, Value>,
) -> Result<Option<Vec<u8>>> {
    if hidden.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(hidden)
        .map_err(|error| Error::internal("a secret cannot be serialized", error))?;
    let column = SealedColumn::ServiceIntegrationSecrets;
    Ok(Some(column.seal(sealer, id.as_str(), &text)))
}
