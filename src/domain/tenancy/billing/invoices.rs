//! Invoices and the links to their documents.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use super::{Link, catch_up, link::require_paying_creator, require_role};
use crate::{
    domain::{App, tenancy::request_auth::RequestContext},
    kernel::{
        Error, Month, Result, Timestamp,
        ids::{InvoiceId, WorkspaceId},
    },
};

/// Invoice of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Id of the invoice.
    pub id: InvoiceId,
    /// Workspace that pays.
    pub workspace: WorkspaceId,
    /// Month of the invoice.
    pub month: Month,
    /// Time of creation.
    pub at: Timestamp,
    /// Lines of the invoice.
    pub lines: Vec<InvoiceLine>,
    /// Amount in cents.
    pub cents: u64,
    /// Currency: three letters.
    pub currency: String,
    /// Number of failed charges.
    pub attempts: u64,
    /// Time of the next automatic charge; `None` if there is none.
    pub next_attempt_at: Option<Timestamp>,
    /// Time of payment.
    pub paid_at: Option<Timestamp>,
    pub(super) seq: i64,
}

/// Line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// Description.
    pub text: String,
    /// Amount in cents.
    pub cents: u64,
}

pub(super) const COLUMNS: &str = "seq, id, workspace_id, month, at, lines, cents, currency, attempts, \
                                  next_attempt_at, paid_at";

const LIST: &str = "FROM invoices WHERE workspace_id = :workspace_id ORDER BY seq DESC";

/// Lists the invoices of the request's workspace, newest first, each with the key of the link to its document.
///
/// # Errors
/// `Forbidden` without the role billing, and errors of the store.
pub async fn list_invoices(call: &RequestContext) -> Result<Vec<(Invoice, String)>> {
    require_role(call)?;
    catch_up(call.app()).await?;
    let workspace = call.workspace().clone();
    let listed = call
        .app()
        .store()
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
            let rows = statement.query_map(named_params! {":workspace_id": workspace}, |row| {
                Ok(from_row(row))
            })?;
            rows.map(|row| row?).collect::<Result<Vec<Invoice>>>()
        })
        .await?;
    let sealer = call.app().sealer();
    let key_id = &call.principal().key_id;
    let with_key = |invoice: Invoice| {
        let key = Link::Invoice.create_key(sealer, invoice.id.as_str(), (key_id, ""));
        (invoice, key)
    };
    Ok(listed.into_iter().map(with_key).collect())
}

/// Returns the invoice of a link.
///
/// # Errors
/// `NotFound` for an invalid key, or if the creator of the link may no longer manage the workspace's payments, and
/// errors of the store.
pub fn open_invoice_link(app: &App, id: &InvoiceId, key: &str) -> Result<Invoice> {
    let (key_id, _) = Link::Invoice.open_key(app.sealer(), id.as_str(), key)?;
    app.store().read(|conn| {
        let invoice = find(conn, id)?;
        require_paying_creator(conn, &invoice.workspace, &key_id)?;
        Ok(invoice)
    })
}

fn find(conn: &Connection, id: &InvoiceId) -> Result<Invoice> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM invoices WHERE id = :id"))?
        .query_row(named_params! {":id": id}, |row| Ok(from_row(row)))
        .optional()?
        .ok_or_else(|| Error::not_found(format!("Invoice \"{id}\" not found")))?
}

pub(super) fn from_row(row: &Row<'_>) -> Result<Invoice> {
    let lines: String = row.get("lines")?;
    let month: String = row.get("month")?;
    let broken = |what: &str| Error::internal("an invoice cannot be read", what.to_owned());
    Ok(Invoice {
        id: row.get("id")?,
        workspace: row.get("workspace_id")?,
        month: Month::parse(&month).ok_or_else(|| broken("its month"))?,
        at: row.get("at")?,
        lines: serde_json::from_str(&lines).map_err(|_| broken("its lines"))?,
        cents: row.get::<_, i64>("cents")?.unsigned_abs(),
        currency: row.get("currency")?,
        attempts: row.get::<_, i64>("attempts")?.unsigned_abs(),
        next_attempt_at: row.get("next_attempt_at")?,
        paid_at: row.get("paid_at")?,
        seq: row.get("seq")?,
    })
}
