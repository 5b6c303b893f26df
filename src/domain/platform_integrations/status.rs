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
pub fn approve(change: &WriteTx<'_>, id: &PlatformIntegrationId) -> Result<PlatformIntegration> {
    set_status(
        change,
        id,
        IntegrationStatus::Approved,
        "platform_integration.approve",
    )
}

/// Archives an integration: it can no longer be changed or installed. Its installations stay.
///
/// # Errors
/// `NotFound` if there is no such integration, `Conflict` if it is archived already, errors of the store.
pub fn archive(change: &WriteTx<'_>, id: &PlatformIntegrationId) -> Result<PlatformIntegration> {
    set_status(
        change,
        id,
        IntegrationStatus::Archived,
        "platform_integration.archive",
    )
}

fn set_status(
    change: &WriteTx<'_>,
    id: &PlatformIntegrationId,
    status: IntegrationStatus,
    action: &'static str,
) -> Result<PlatformIntegration> {
    let mut integration = rows::find(change.conn, id)?;
    if integration.status == status {
        return Err(Error::new(
            Kind::Conflict,
            format!("the integration {id} is {status} already"),
        ));
    }
    integration.status = status;
    integration.updated_at = change.now;
    change
        .conn
        .prepare_cached(SET_STATUS)?
        .execute(named_params! {":id": id, ":status": status, ":now": change.now})?;
    let agent = agents::find_by_id(change.conn, &integration.agent_id)?;
    record_audit(change, &agent.workspace_id, action, &integration)?;
    Ok(integration)
}
