//! Deletes versions of packages.

use rusqlite::{Connection, named_params};
use serde_json::Value;

use super::{Package, PackageKind, rows};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        members::Role,
        request_auth::RequestContext,
    },
    kernel::{Error, Kind, Result, ids::PackageId},
};

/// Integrations that implement an interface, plugins that need it, and bots that have a plugin.
const FIND_USER: &str = "
    SELECT 'the integration ' || integrations.name || '@' || integrations.version || ' implements it'
    FROM integration_interfaces
    JOIN integrations ON integrations.seq = integration_interfaces.integration_seq
    WHERE integration_interfaces.interface_id = :id
    UNION ALL
    SELECT 'the plugin ' || packages.name || '@' || packages.version || ' needs it'
    FROM plugin_interfaces JOIN packages ON packages.seq = plugin_interfaces.package_seq
    WHERE plugin_interfaces.interface_id = :id
    UNION ALL
    SELECT 'a bot has it'
    FROM bot_plugins JOIN agents ON agents.seq = bot_plugins.agent_seq
    WHERE bot_plugins.package_seq = :seq AND agents.deleted_at IS NULL
    LIMIT 1";

const DELETE: &str = "DELETE FROM packages WHERE seq = :seq";

/// Deletes a version of a package in the workspace of the call.
pub(super) async fn delete(call: &RequestContext, kind: PackageKind, id: PackageId) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let package: Package<Value> = rows::load(tx.conn, workspace, kind, &id)?;
            refuse_if_used(tx.conn, &package)?;
            tx.conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":seq": package.seq})?;
            let [.., action] = kind.audit_actions();
            audit::record(
                tx,
                &NewAuditRecord {
                    workspace: Some(workspace),
                    action,
                    resource_id: id.as_str(),
                    resource_name: Some(&package.name),
                },
            )
        })
        .await
}

/// Rejects the deletion of a package that others refer to (botpress-today.md §1).
fn refuse_if_used(conn: &Connection, package: &Package<Value>) -> Result<()> {
    let mut statement = conn.prepare_cached(FIND_USER)?;
    let parameters = named_params! {":id": package.id, ":seq": package.seq};
    let mut users = statement.query_map(parameters, |row| row.get(0))?;
    let user: Option<String> = users.next().transpose()?;
    match user {
        None => Ok(()),
        Some(user) => Err(Error::new(
            Kind::InUse,
            format!(
                "{}@{} cannot be deleted: {user}",
                package.name, package.version
            ),
        )),
    }
}
