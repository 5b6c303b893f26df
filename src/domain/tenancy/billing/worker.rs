//! The billing worker: creates invoices at the end of a month, charges them, and blocks workspaces that do not pay.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::warn;

use super::{
    InvoiceLine, Settings, charge,
    details::message_cents,
    invoices::{COLUMNS, Invoice, from_row},
};
use crate::{
    domain::{
        App,
        shared::plans::Plan,
        tenancy::{audit::Actor, quotas, rewind::Repair, workspaces, write_tx::WriteTx},
    },
    kernel::{
        Error, Month, Result, Timestamp,
        ids::{InvoiceId, WorkspaceId},
    },
};

/// Interval between checks for due work, on the application's clock.
const RUN_INTERVAL: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(86_400);

/// Repairs attempts to charge that wait longer than the longest configured wait.
pub(in crate::domain) const REPAIRS: &[Repair] = &[Repair {
    table: "invoices",
    key: "seq",
    find_sql: "SELECT seq FROM invoices WHERE next_attempt_at > :horizon",
    set_sql: "next_attempt_at = :now",
    max_wait: |app| {
        let settings = app.settings();
        let retry_delays = settings.billing.retry_days.iter().copied();
        retry_delays
            .filter_map(days_to_duration)
            .max()
            .unwrap_or_default()
    },
    due_column: Some("next_attempt_at"),
}];

/// Runs the billing worker until it is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(error) = catch_up(&app).await {
            warn!(%error, "the billing work failed; it is retried");
        }
        app.clock().sleep(RUN_INTERVAL).await;
    }
}

/// Does all work that is due, each step in its own transaction.
///
/// # Errors
/// Errors of the store.
pub async fn catch_up(app: &App) -> Result<()> {
    while has_due_step(app)? {
        let shared = app.clone();
        app.run_write_tx_as(Actor::System, move |tx| run_step(tx, &shared))
            .await?;
    }
    Ok(())
}

const FIND_UNBILLED_MONTH: &str = "
    SELECT workspace_id, billed_from, plan FROM billing
    WHERE billed_from < :month ORDER BY billed_from LIMIT 1";

const FIND_DUE_INVOICE: &str =
    "FROM invoices WHERE next_attempt_at <= :now ORDER BY next_attempt_at LIMIT 1";

const FIND_OVERDUE_WORKSPACE: &str = "
    SELECT workspaces.id FROM invoices JOIN workspaces ON workspaces.id = invoices.workspace_id
    WHERE invoices.paid_at IS NULL AND invoices.at <= :before AND workspaces.blocked = 0 LIMIT 1";

struct UnbilledMonth {
    workspace: WorkspaceId,
    since: Timestamp,
    plan: Plan,
}

/// Finds a workspace with a past month that has no invoice.
fn find_unbilled_month(conn: &Connection, now: Timestamp) -> Result<Option<UnbilledMonth>> {
    let found = conn.prepare_cached(FIND_UNBILLED_MONTH)?.query_row(
        named_params! {":month": Month::of(now).start()},
        |row| {
            Ok(UnbilledMonth {
                workspace: row.get("workspace_id")?,
                since: row.get("billed_from")?,
                plan: row.get("plan")?,
            })
        },
    );
    Ok(found.optional()?)
}

fn find_due_invoice(conn: &Connection, now: Timestamp) -> Result<Option<Invoice>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} {FIND_DUE_INVOICE}"))?
        .query_row(named_params! {":now": now}, |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

fn find_overdue_workspace(
    conn: &Connection,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<WorkspaceId>> {
    let Some(before) = days_to_duration(settings.block_after_days)
        .and_then(|wait| i64::try_from(wait.as_micros()).ok())
        .and_then(|wait| now.as_micros().checked_sub(wait))
    else {
        return Ok(None);
    };
    let found = conn.prepare_cached(FIND_OVERDUE_WORKSPACE)?.query_row(
        named_params! {":before": Timestamp::from_micros(before)},
        |row| row.get(0),
    );
    Ok(found.optional()?)
}

/// Converts a number of days; `None` for 0.
fn days_to_duration(count: u64) -> Option<Duration> {
    let count = u32::try_from(count).ok().filter(|count| *count > 0)?;
    DAY.checked_mul(count)
}

fn has_due_step(app: &App) -> Result<bool> {
    let now = app.clock().now();
    app.store().read(|conn| {
        Ok(find_unbilled_month(conn, now)?.is_some()
            || find_due_invoice(conn, now)?.is_some()
            || find_overdue_workspace(conn, &app.settings().billing, now)?.is_some())
    })
}

fn run_step(tx: &WriteTx<'_>, app: &App) -> Result<()> {
    let settings = &app.settings().billing;
    if let Some(unbilled) = find_unbilled_month(tx.conn, tx.now)? {
        return create_invoice(tx, app, &unbilled);
    }
    if let Some(invoice) = find_due_invoice(tx.conn, tx.now)? {
        let attempts = usize::try_from(invoice.attempts).unwrap_or(usize::MAX);
        let wait = settings
            .retry_days
            .get(attempts)
            .copied()
            .and_then(days_to_duration);
        let next = wait.map(|wait| tx.now.plus(wait));
        return charge::charge_invoice(tx, &invoice, next).map(|_| ());
    }
    if let Some(workspace) = find_overdue_workspace(tx.conn, settings, tx.now)? {
        workspaces::set_blocked(tx, &workspace, true)?;
    }
    Ok(())
}

const INSERT: &str = "
    INSERT INTO invoices (id, workspace_id, month, at, lines, cents, currency, next_attempt_at)
    VALUES (:id, :workspace_id, :month, :at, :lines, :cents, :currency, :at)";

const START_NEXT_MONTH: &str = "
    UPDATE billing SET billed_from = :next, plan = :plan WHERE workspace_id = :workspace_id";

/// Creates the invoice of a past month, dated at its end. Then starts the next month, or ends billing if the workspace
/// has changed to the free plan.
fn create_invoice(tx: &WriteTx<'_>, app: &App, unbilled: &UnbilledMonth) -> Result<()> {
    let month = Month::of(unbilled.since);
    let workspace = workspaces::find_spending(tx.conn, &unbilled.workspace)?;
    let figures = app.settings().plans.terms_of(unbilled.plan);
    let messages = quotas::count_user_messages(tx.conn, &unbilled.workspace, month)?;
    let beyond = messages.saturating_sub(figures.included_messages);
    let mut lines = vec![InvoiceLine {
        text: format!("Plan {}, {month}", unbilled.plan),
        cents: figures.monthly_cents,
    }];
    if beyond > 0 {
        lines.push(InvoiceLine {
            text: format!("{beyond} messages beyond {}", figures.included_messages),
            cents: message_cents(figures, messages, workspace.limit),
        });
    }
    let cents: u64 = lines.iter().map(|line| line.cents).sum();
    let text = serde_json::to_string(&lines)
        .map_err(|error| Error::internal("an invoice cannot be serialized", error))?;
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": InvoiceId::new_uuid(),
        ":workspace_id": unbilled.workspace,
        ":month": month.to_string(),
        ":at": month.end(),
        ":lines": text,
        ":cents": i64::try_from(cents).unwrap_or(i64::MAX),
        ":currency": app.settings().billing.currency,
    })?;
    let is_premium = workspace.plan.is_premium();
    tx.conn
        .prepare_cached(START_NEXT_MONTH)?
        .execute(named_params! {
            ":workspace_id": unbilled.workspace,
            ":next": is_premium.then(|| month.end()),
            ":plan": is_premium.then_some(workspace.plan),
        })?;
    Ok(())
}
