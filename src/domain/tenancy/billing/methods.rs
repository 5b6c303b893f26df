//! The payment method of a workspace, and when it begins to pay.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Link,
    link::require_maker,
    provider::{self, Method, SetupStatus},
    require_role,
};
use crate::{
    domain::{
        App,
        shared::plans::Plan,
        tenancy::{
            audit::{self, Actor, Entry},
            request_auth::Call,
            write_tx::Change,
        },
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId},
};

/// What came of setting a payment method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its id.
    pub id: String,
    /// What it looks like; none unless it is the workspace's now.
    pub method: Option<Method>,
    /// How it stands.
    pub status: SetupStatus,
    /// The key of the link on which its holder confirms it, if that is needed.
    pub confirmation: Option<String>,
}

/// Sets the payment method of the call's workspace. One that is refused, or that is not confirmed yet,
/// leaves the one before in place.
///
/// # Errors
/// `Forbidden` without the role billing, `ReferenceNotFound` for an id that the simulation does not
/// know, or those of the store.
pub async fn set_method(call: &Call, id: String) -> Result<Attached> {
    require_role(call)?;
    let (status, method) = provider::set_up(&id)?;
    if status != SetupStatus::Succeeded {
        let sealer = call.app().sealer();
        let maker = &call.caller().key_id;
        let confirmation = (status == SetupStatus::RequiresAction)
            .then(|| Link::Confirmation.key(sealer, call.workspace().as_str(), (maker, &id)));
        return Ok(Attached {
            id,
            method: None,
            status,
            confirmation,
        });
    }
    let shown = Attached {
        id: id.clone(),
        method: Some(method.clone()),
        status,
        confirmation: None,
    };
    call.app()
        .change_though_blocked(call, move |change, workspace| {
            store(change, workspace, &id, &method)
        })
        .await?;
    Ok(shown)
}

/// Confirms the payment method that a link of [`set_method`] is for.
///
/// # Errors
/// `NotFound` for another key and for one whose maker may not handle the workspace's money any more, or
/// those of the store.
pub async fn confirm(app: &App, workspace: WorkspaceId, key: &str) -> Result<Method> {
    let (maker, id) = Link::Confirmation.open(app.sealer(), workspace.as_str(), key)?;
    let (_, method) = provider::set_up(&id)?;
    let shown = method.clone();
    app.change_as(Actor::System, move |change| {
        require_maker(change.conn, &workspace, &maker)?;
        crate::domain::tenancy::workspaces::find(change.conn, &workspace)?;
        store(change, &workspace, &id, &method)
    })
    .await?;
    Ok(shown)
}

const STORE: &str = "
    INSERT INTO billing (workspace_id, payment_method_id, method_type, last_digits)
    VALUES (:workspace_id, :id, :type, :last_digits)
    ON CONFLICT (workspace_id) DO UPDATE SET
        payment_method_id = excluded.payment_method_id, method_type = excluded.method_type,
        last_digits = excluded.last_digits";

fn store(change: &Change<'_>, workspace: &WorkspaceId, id: &str, method: &Method) -> Result<()> {
    change.conn.prepare_cached(STORE)?.execute(named_params! {
        ":workspace_id": workspace,
        ":id": id,
        ":type": method.kind,
        ":last_digits": method.last_digits,
    })?;
    audit::record(
        change,
        &Entry {
            workspace: Some(workspace),
            action: "workspace.set_payment_method",
            resource_id: workspace.as_str(),
            resource_name: None,
        },
    )
}

const METHOD: &str = "
    SELECT payment_method_id, method_type, last_digits FROM billing
    WHERE workspace_id = :workspace_id AND payment_method_id IS NOT NULL";

/// The payment method of a workspace, with its id.
pub(super) fn of_workspace(
    conn: &Connection,
    workspace: &WorkspaceId,
) -> Result<Option<(String, Method)>> {
    let found =
        conn.prepare_cached(METHOD)?
            .query_row(named_params! {":workspace_id": workspace}, |row| {
                let method = Method {
                    kind: row.get("method_type")?,
                    last_digits: row.get("last_digits")?,
                };
                Ok((row.get("payment_method_id")?, method))
            });
    Ok(found.optional()?)
}

const BEGIN: &str = "
    UPDATE billing SET plan = :plan, billed_from = coalesce(billed_from, :now)
    WHERE workspace_id = :workspace_id";

/// Begins to bill a workspace for a plan, as a part of a change.
///
/// # Errors
/// `PaymentRequired` without a payment method or with unpaid invoices, or those of the store.
pub fn begin(change: &Change<'_>, workspace: &WorkspaceId, plan: Plan) -> Result<()> {
    let refused = |message| Err(Error::new(Kind::PaymentRequired, message));
    if of_workspace(change.conn, workspace)?.is_none() {
        return refused("The workspace needs a payment method first");
    }
    if super::charge::has_unpaid(change.conn, workspace)? {
        return refused("The workspace has unpaid invoices");
    }
    change.conn.prepare_cached(BEGIN)?.execute(named_params! {
        ":workspace_id": workspace, ":plan": plan, ":now": change.now,
    })?;
    Ok(())
}
