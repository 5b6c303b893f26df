//! Approves and archives integrations. With Ada this is done by mail; here the operator does it.

use rusqlite::named_params;

use super::{IntegrationStatus, PlatformIntegration, integrations::record_audit, rows};
use crate::{
    domain::tenancy::{agents, write_tx::WriteTx},
    kernel::{Error, Kind, Result, ids::PlatformIntegrationId},
};

const SET_STATUS: &str =
    "UPDATE platform_integrations SET status = :status, updated_at = :now WHERE id = :id";

/// Approves an integration in development or restores an archived one. It can no longer be changed.
///
/// # Errors
/// `NotFound` if there is no such integration, `Conflict` if it is approved already, errors of the store.
pub fn approve(tx: &WriteTx<'_>, id: &PlatformIntegrationId) -> Result<PlatformIntegration> {
    set_status(
        tx,
        id,
        IntegrationStatus::Approved,
        "platform_integration.approve",
    )
}

/// Archives an integration: it can no longer be changed or installed. Its installations stay.
///
/// # Errors
/// `NotFound` if there is no such integration, `Conflict` if it is archived already, errors of the store.
pub fn archive(tx: &WriteTx<'_>, id: &PlatformIntegrationId) -> Result<PlatformIntegration> {
    set_status(
        tx,
        id,
        IntegrationStatus::Archived,
        "platform_integration.archive",
    )
}

fn set_status(
    tx: &WriteTx<'_>,
    id: &PlatformIntegrationId,
    status: IntegrationStatus,
    action: &'static str,
) -> Result<PlatformIntegration> {
    let mut integration = rows::find(tx.conn, id)?;
    if integration.status == status {
        return Err(Error::new(
            Kind::Conflict,
            format!("the integration {id} is {status} already"),
        ));
    }
    integration.status = status;
    integration.updated_at = tx.now;
    tx.conn
        .prepare_cached(SET_STATUS)?
        .execute(named_params! {":id": id, ":status": status, ":now": tx.now})?;
    let agent = agents::find_by_id(tx.conn, &integration.agent_id)?;
    record_audit(tx, &agent.workspace_id, action, &integration)?;
    Ok(integration)
}
