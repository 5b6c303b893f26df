//! The payment method of a workspace, and the start of a paid plan.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Link,
    link::require_paying_creator,
    provider::{self, PaymentMethod, SetupStatus},
    require_role,
};
use crate::{
    domain::{
        App,
        shared::plans::Plan,
        tenancy::{
            audit::{self, Actor, NewAuditRecord},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId},
};

/// Result of setting a payment method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupResult {
    /// Id of the payment method.
    pub id: String,
    /// The payment method, if it is now the workspace's.
    pub method: Option<PaymentMethod>,
    /// Status of the setup.
    pub status: SetupStatus,
    /// Key of the link that confirms the method, if a confirmation is needed.
    pub confirmation: Option<String>,
}

/// Sets the payment method of the request's workspace. A method that is refused or not confirmed yet does not replace
/// the previous one.
///
/// # Errors
/// `Forbidden` without the role billing, `ReferenceNotFound` for an id that the simulated provider does not have, and
/// errors of the store.
pub async fn set_payment_method(call: &RequestContext, id: String) -> Result<SetupResult> {
    require_role(call)?;
    let (status, method) = provider::set_up_method(&id)?;
    if status != SetupStatus::Succeeded {
        let sealer = call.app().sealer();
        let key_id = &call.principal().key_id;
        let confirmation = (status == SetupStatus::RequiresAction).then(|| {
            Link::Confirmation.create_key(sealer, call.workspace().as_str(), (key_id, &id))
        });
        return Ok(SetupResult {
            id,
            method: None,
            status,
            confirmation,
        });
    }
    let result = SetupResult {
        id: id.clone(),
        method: Some(method.clone()),
        status,
        confirmation: None,
    };
    call.app()
        .run_write_tx_though_blocked(call, move |tx, workspace| {
            upsert(tx, workspace, &id, &method)
        })
        .await?;
    Ok(result)
}

/// Confirms the payment method of a link from [`set_payment_method`].
///
/// # Errors
/// `NotFound` for an invalid key, or if the creator of the link may no longer manage the workspace's payments, and
/// errors of the store.
pub async fn confirm_payment_method(
    app: &App,
    workspace: WorkspaceId,
    key: &str,
) -> Result<PaymentMethod> {
    let (key_id, id) = Link::Confirmation.open_key(app.sealer(), workspace.as_str(), key)?;
    let (_, method) = provider::set_up_method(&id)?;
    let result = method.clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        require_paying_creator(tx.conn, &workspace, &key_id)?;
        crate::domain::tenancy::workspaces::find(tx.conn, &workspace)?;
        upsert(tx, &workspace, &id, &method)
    })
    .await?;
    Ok(result)
}

const UPSERT: &str = "
    INSERT INTO billing (workspace_id, payment_method_id, method_type, last_digits)
    VALUES (:workspace_id, :id, :type, :last_digits)
    ON CONFLICT (workspace_id) DO UPDATE SET
        payment_method_id = excluded.payment_method_id, method_type = excluded.method_type,
        last_digits = excluded.last_digits";

fn upsert(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    id: &str,
    method: &PaymentMethod,
) -> Result<()> {
    tx.conn.prepare_cached(UPSERT)?.execute(named_params! {
        ":workspace_id": workspace,
        ":id": id,
        ":type": method.kind,
        ":last_digits": method.last_digits,
    })?;
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "workspace.set_payment_method",
            resource_id: workspace.as_str(),
            resource_name: None,
        },
    )
}

const FIND_METHOD: &str = "
    SELECT payment_method_id, method_type, last_digits FROM billing
    WHERE workspace_id = :workspace_id AND payment_method_id IS NOT NULL";

/// Finds the payment method of a workspace, with its id.
pub(super) fn find_method(
    conn: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<(String, PaymentMethod)>> {
    let found = conn.prepare_cached(FIND_METHOD)?.query_row(
        named_params! {":workspace_id": workspace},
        |row| {
            let method = PaymentMethod {
                kind: row.get("method_type")?,
                last_digits: row.get("last_digits")?,
            };
            Ok((row.get("payment_method_id")?, method))
        },
    );
    Ok(found.optional()?)
}

const START_PLAN: &str = "
    UPDATE billing SET plan = :plan, billed_from = coalesce(billed_from, :now)
    WHERE workspace_id = :workspace_id";

/// Starts to bill a workspace for a plan, in a write transaction.
///
/// # Errors
/// `PaymentRequired` without a payment method or with unpaid invoices, and errors of the store.
pub fn start_plan(tx: &WriteTx<'_>, workspace: &WorkspaceId, plan: Plan) -> Result<()> {
    let refused = |message| Err(Error::new(Kind::PaymentRequired, message));
    if find_method(tx.conn, workspace)?.is_none() {
        return refused("The workspace needs a payment method first");
    }
    if super::charge::has_unpaid(tx.conn, workspace)? {
        return refused("The workspace has unpaid invoices");
    }
    tx.conn.prepare_cached(START_PLAN)?.execute(named_params! {
        ":workspace_id": workspace, ":plan": plan, ":now": tx.now,
    })?;
    Ok(())
}
