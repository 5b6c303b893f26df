//! Costs of the current month, and the spending limit.

use rusqlite::Connection;

use super::{methods, provider::PaymentMethod, require_role};
use crate::{
    domain::{
        App,
        shared::plans::{Plan, PlanTerms},
        tenancy::{quotas, request_auth::RequestContext, workspaces},
    },
    kernel::{Error, Kind, Month, Result, ids::WorkspaceId},
};

/// Spending limit of a workspace without one, in dollars: the highest that can be set.
const MAX_SPENDING_LIMIT: f64 = 1000.0;
/// Share of the maximum from which a warning is shown.
const WARNING_SHARE: f64 = 0.8;

/// Status of the current month's messages against the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendingStatus {
    /// Far below the maximum.
    Ok,
    /// Near the maximum.
    Warning,
    /// The maximum is reached.
    LimitReached,
}

/// The current month of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingDetails {
    /// Month of the figures.
    pub month: Month,
    /// Number of messages that users have sent in the month.
    pub messages: u64,
    /// Cost of the messages so far beyond the plan's price, in cents.
    pub cents: u64,
    /// Number of messages that the plan's price includes.
    pub included: u64,
    /// Maximum number of messages under the spending limit.
    pub maximum: u64,
    /// Status against the maximum.
    pub status: SpendingStatus,
    /// Payment method of the workspace.
    pub method: Option<PaymentMethod>,
}

/// Returns the figures of the current month of the request's workspace.
///
/// # Errors
/// `Forbidden` without the role billing, and errors of the store.
pub fn get_details(call: &RequestContext) -> Result<BillingDetails> {
    require_role(call)?;
    let month = Month::of(call.app().clock().now());
    let read = |conn: &Connection| load_details(conn, call.app(), call.workspace(), month);
    call.app().store().read(read)
}

/// Requires that users may send another message to a workspace's bots in this month.
///
/// # Errors
/// `QuotaExceeded` if the maximum of the plan and the spending limit is reached, and errors of the store.
pub fn require_message(conn: &Connection, app: &App, workspace: &WorkspaceId) -> Result<()> {
    let month = Month::of(app.clock().now());
    let found = workspaces::find_spending(conn, workspace)?;
    let maximum = max_messages(
        app.settings().plans.terms_of(found.plan),
        found.plan,
        found.limit,
    );
    let messages = quotas::count_user_messages(conn, workspace, month)?;
    match spending_status(messages, maximum) {
        SpendingStatus::Ok | SpendingStatus::Warning => Ok(()),
        SpendingStatus::LimitReached => Err(Error::new(
            Kind::QuotaExceeded,
            format!(
                "The workspace's users have sent the {maximum} messages that its plan and its \
                 spending limit allow in {month}"
            ),
        )),
    }
}

fn load_details(
    conn: &Connection,
    app: &App,
    workspace: &WorkspaceId,
    month: Month,
) -> Result<BillingDetails> {
    let found = workspaces::find_spending(conn, workspace)?;
    let figures = app.settings().plans.terms_of(found.plan);
    let messages = quotas::count_user_messages(conn, workspace, month)?;
    let included = figures.included_messages;
    let maximum = max_messages(figures, found.plan, found.limit);
    let method = methods::find_method(conn, workspace)?;
    Ok(BillingDetails {
        month,
        messages,
        cents: message_cents(figures, messages, found.limit),
        included,
        maximum,
        status: spending_status(messages, maximum),
        method: method.map(|(_, method)| method),
    })
}

/// Returns the cost of messages beyond the plan's price, in cents.
pub(super) fn message_cents(figures: &PlanTerms, messages: u64, limit: f64) -> u64 {
    let beyond = messages.saturating_sub(figures.included_messages);
    let cents = beyond.saturating_mul(figures.cents_per_thousand_messages) / 1000;
    cents.min(limit_cents(limit))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the limit is at most 1000 dollars and never negative"
)]
fn limit_cents(limit: f64) -> u64 {
    let limit = if limit > 0.0 {
        limit
    } else {
        MAX_SPENDING_LIMIT
    };
    (limit * 100.0).round() as u64
}

fn max_messages(figures: &PlanTerms, plan: Plan, limit: f64) -> u64 {
    let bought = match figures.cents_per_thousand_messages {
        price if plan.is_premium() && price > 0 => limit_cents(limit).saturating_mul(1000) / price,
        _ => 0,
    };
    figures.included_messages.saturating_add(bought)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a warning need not be exact to one in 2^53 messages"
)]
fn spending_status(messages: u64, maximum: u64) -> SpendingStatus {
    if messages >= maximum {
        SpendingStatus::LimitReached
    } else if messages as f64 >= WARNING_SHARE * maximum as f64 {
        SpendingStatus::Warning
    } else {
        SpendingStatus::Ok
    }
}
