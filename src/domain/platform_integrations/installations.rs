//! Reads installations for their integration and for their agent, and sets their status.

use rusqlite::{Connection as Database, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::{Grant, installation_not_found, rows::open_configuration};
use crate::{
    domain::{
        shared::sql::text_enum,
        tenancy::{
            audit::{self, NewAuditRecord},
            request_auth::RequestContext,
        },
    },
    kernel::{
        Result, Timestamp,
        ids::{AgentId, InstallationId, PlatformIntegrationId},
    },
    store::Sealer,
};

text_enum! {
    /// The progress of an installation.
    pub enum InstallationStatus {
        /// The integration has not reported that it is set up.
        Incomplete = "incomplete",
        /// The integration has reported that it is set up.
        Complete = "complete",
    }
}

/// An installation as its integration sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Installation {
    /// Id of the installation.
    pub id: InstallationId,
    /// The installed integration.
    pub integration_id: PlatformIntegrationId,
    /// Progress.
    pub status: InstallationStatus,
    /// The answers to the form, including passwords.
    pub configuration: Map<String, Value>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Returns the installation that the access token belongs to. `integration` is the id in the request's path.
///
/// # Errors
/// `Forbidden` if the key is not an installation's token, `NotFound` if it belongs to another integration,
/// errors of the store.
pub fn find_by_access_token(
    call: &RequestContext,
    integration: &PlatformIntegrationId,
) -> Result<Installation> {
    let grant = check_grant(call, integration, None)?;
    let app = call.app();
    app.store().read(|conn| {
        find(
            conn,
            app.sealer(),
            &call.agent()?.id,
            &grant.installation_id,
        )
    })
}

fn check_grant<'a>(
    call: &'a RequestContext,
    integration: &PlatformIntegrationId,
    installation: Option<&InstallationId>,
) -> Result<&'a Grant> {
    let grant = call.grant()?;
    let same = grant.integration_id == *integration
        && installation.is_none_or(|id| grant.installation_id == *id);
    if same {
        Ok(grant)
    } else {
        Err(installation_not_found())
    }
}

const SET_STATUS: &str = "
    UPDATE platform_installations SET status = :status, updated_at = :now
    WHERE agent_id = :agent_id AND id = :id";

/// Sets the status of the installation that the access token belongs to; without a status, changes nothing.
///
/// # Errors
/// As for [`find_by_access_token`].
pub async fn set_status(
    call: &RequestContext,
    integration: PlatformIntegrationId,
    installation: InstallationId,
    status: Option<InstallationStatus>,
) -> Result<Installation> {
    let id = check_grant(call, &integration, Some(&installation))?
        .installation_id
        .clone();
    let agent = call.agent()?.id.clone();
    let sealer = call.app().sealer().clone();
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            if let Some(status) = status {
                tx.conn.prepare_cached(SET_STATUS)?.execute(named_params! {
                    ":id": id,
                    ":agent_id": agent,
                    ":status": status,
                    ":now": tx.now,
                })?;
                audit::record(
                    tx,
                    &NewAuditRecord {
                        workspace: Some(workspace),
                        action: match status {
                            InstallationStatus::Complete => "platform_installation.complete",
                            InstallationStatus::Incomplete => "platform_installation.incomplete",
                        },
                        resource_id: id.as_str(),
                        resource_name: None,
                    },
                )?;
            }
            find(tx.conn, &sealer, &agent, &id)
        })
        .await
}

const FIND: &str = "
    SELECT * FROM platform_installations WHERE agent_id = :agent_id AND id = :id";

fn find(
    conn: &Database,
    sealer: &Sealer,
    agent: &AgentId,
    id: &InstallationId,
) -> Result<Installation> {
    let (mut installation, sealed) = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":agent_id": agent, ":id": id}, |row| {
            let installation = Installation {
                id: row.get("id")?,
                integration_id: row.get("integration_id")?,
                status: row.get("status")?,
                configuration: Map::new(),
                created_at: row.get("created_at")?,
                updated_at: row.get("updated_at")?,
            };
            Ok((installation, row.get::<_, Vec<u8>>("configuration")?))
        })
        .optional()?
        .ok_or_else(installation_not_found)?;
    installation.configuration = open_configuration(sealer, id, &sealed)?;
    Ok(installation)
}

/// An installation as the members of its agent see it, without the answers to the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationSummary {
    /// Id of the installation.
    pub id: InstallationId,
    /// The installed integration.
    pub integration_id: PlatformIntegrationId,
    /// Name of the integration.
    pub integration_name: String,
    /// Name of the connection: the answer at `identifier_field_path`.
    pub name: String,
    /// Progress.
    pub status: InstallationStatus,
    /// Time of creation.
    pub created_at: Timestamp,
}

const LIST_FOR_AGENT: &str = "
    SELECT i.*, p.name AS integration FROM platform_installations AS i
    JOIN platform_integrations AS p ON p.id = i.integration_id
    WHERE i.agent_id = :agent_id ORDER BY i.seq";

/// Returns the installations of an agent, oldest first.
///
/// # Errors
/// Errors of the store.
pub fn list_installations(conn: &Database, agent: &AgentId) -> Result<Vec<InstallationSummary>> {
    let mut statement = conn.prepare_cached(LIST_FOR_AGENT)?;
    let rows = statement.query_map(named_params! {":agent_id": agent}, summary_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn summary_from_row(row: &Row<'_>) -> rusqlite::Result<InstallationSummary> {
    Ok(InstallationSummary {
        id: row.get("id")?,
        integration_id: row.get("integration_id")?,
        integration_name: row.get("integration")?,
        name: row.get("name")?,
        status: row.get("status")?,
        created_at: row.get("created_at")?,
    })
}
