//! Charges of invoices.

use rusqlite::{Connection, named_params};

use super::{
    catch_up,
    invoices::{COLUMNS, Invoice, from_row},
    methods, provider, require_role,
};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        request_auth::RequestContext,
        workspaces,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{InvoiceId, WorkspaceId},
    },
};

/// Result of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeResult {
    /// Id of the invoice.
    pub id: InvoiceId,
    /// Amount in cents.
    pub cents: u64,
    /// Reason of the failure, if the charge failed.
    pub failure: Option<&'static str>,
}

/// Charges the unpaid invoices of the request's workspace, or those of them that are named, oldest first. When all
/// invoices are paid, a blocked workspace is unblocked.
///
/// # Errors
/// `Forbidden` without the role billing, `ReferenceNotFound` if a named invoice is not an unpaid one of the workspace,
/// and errors of the store.
pub async fn charge_unpaid(
    call: &RequestContext,
    ids: Option<Vec<InvoiceId>>,
) -> Result<Vec<ChargeResult>> {
    require_role(call)?;
    catch_up(call.app()).await?;
    call.app()
        .run_write_tx_though_blocked(call, move |tx, workspace| {
            let unpaid = list_unpaid(tx.conn, workspace)?;
            if let Some(ids) = &ids {
                let known = |id: &&InvoiceId| !unpaid.iter().any(|invoice| invoice.id == **id);
                if let Some(missing) = ids.iter().find(known) {
                    return Err(Error::new(
                        Kind::ReferenceNotFound,
                        format!("Unpaid invoice \"{missing}\" not found"),
                    ));
                }
            }
            let is_selected = |invoice: &&Invoice| match &ids {
                Some(ids) => ids.contains(&invoice.id),
                None => true,
            };
            let mut charged = Vec::new();
            for invoice in unpaid.iter().filter(is_selected) {
                let failure = charge_invoice(tx, invoice, invoice.next_attempt_at)?;
                charged.push(ChargeResult {
                    id: invoice.id.clone(),
                    cents: invoice.cents,
                    failure,
                });
            }
            Ok(charged)
        })
        .await
}

const LIST_UNPAID: &str =
    "FROM invoices WHERE workspace_id = :workspace_id AND paid_at IS NULL ORDER BY at, seq";

fn list_unpaid(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<Invoice>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST_UNPAID}"))?;
    let rows = statement.query_map(named_params! {":workspace_id": workspace}, |row| {
        Ok(from_row(row))
    })?;
    rows.map(|row| row?).collect()
}

/// True if a workspace has unpaid invoices.
pub(super) fn has_unpaid(conn: &Connection, workspace: &WorkspaceId) -> Result<bool> {
    Ok(!list_unpaid(conn, workspace)?.is_empty())
}

const UPDATE_INVOICE: &str = "
    UPDATE invoices SET attempts = attempts + :failed, paid_at = :paid_at,
                        next_attempt_at = :next_attempt_at
    WHERE seq = :seq";

const INSERT_CHARGE: &str = "
    INSERT INTO charges (invoice_seq, payment_method_id, cents, at, failure)
    VALUES (:invoice_seq, :payment_method_id, :cents, :now, :failure)";

/// Charges an invoice in a write transaction. Returns the reason of a failure. `next` is the time of the next
/// automatic attempt after a failure.
pub(super) fn charge_invoice(
    tx: &WriteTx<'_>,
    invoice: &Invoice,
    next: Option<Timestamp>,
) -> Result<Option<&'static str>> {
    let method = methods::find_method(tx.conn, &invoice.workspace)?;
    let method = method.map(|(id, _)| id);
    let failure = match invoice.cents {
        0 => None,
        _ => provider::charge_method(method.as_deref()),
    };
    tx.conn
        .prepare_cached(UPDATE_INVOICE)?
        .execute(named_params! {
            ":seq": invoice.seq,
            ":failed": failure.is_some(),
            ":paid_at": failure.is_none().then_some(tx.now),
            ":next_attempt_at": failure.is_some().then_some(next).flatten(),
        })?;
    tx.conn
        .prepare_cached(INSERT_CHARGE)?
        .execute(named_params! {
            ":invoice_seq": invoice.seq,
            ":payment_method_id": method,
            ":cents": i64::try_from(invoice.cents).unwrap_or(i64::MAX),
            ":now": tx.now,
            ":failure": failure,
        })?;
    let action = match failure {
        None => "invoice.pay",
        Some(_) => "invoice.fail",
    };
    record_audit(tx, invoice, action)?;
    if failure.is_none() && !has_unpaid(tx.conn, &invoice.workspace)? {
        workspaces::set_blocked(tx, &invoice.workspace, false)?;
    }
    Ok(failure)
}

fn record_audit(tx: &WriteTx<'_>, invoice: &Invoice, action: &'static str) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(&invoice.workspace),
            action,
            resource_id: invoice.id.as_str(),
            resource_name: Some(&invoice.month.to_string()),
        },
    )
}
