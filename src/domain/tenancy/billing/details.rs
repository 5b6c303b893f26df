//! What the running month has come to.

use rusqlite::Connection;

use super::{methods, provider::Method, require_role};
use crate::{
    domain::{
        App,
        shared::plans::{Figures, Plan},
        tenancy::{quotas, request_auth::Call, workspaces},
    },
    kernel::{Error, Kind, Month, Result, ids::WorkspaceId},
};

/// The spending limit of a workspace that has set none, in dollars: the most that one can set.
const MOST_SPENT: f64 = 1000.0;
/// From which part of the maximum on it is warned of.
const WARN_FROM: f64 = 0.8;

/// How the messages of the running month stand to what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Far from it.
    Ok,
    /// Near it.
    Warning,
    /// All are used.
    LimitReached,
}

/// The running month of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The month.
    pub month: Month,
    /// Messages that users have sent in it.
    pub messages: u64,
    /// What they cost so far beyond the plan's price, in cents.
    pub cents: u64,
    /// The messages that the plan's price includes.
    pub included: u64,
    /// The most messages, by the spending limit.
    pub maximum: u64,
    /// How they stand to that.
    pub standing: Standing,
    /// The payment method.
    pub method: Option<Method>,
}

/// How the call's workspace stands in the running month.
///
/// # Errors
/// `Forbidden` without the role billing, or those of the store.
pub fn details(call: &Call) -> Result<Details> {
    require_role(call)?;
    let month = Month::of(call.app().clock().now());
    let read = |conn: &Connection| of(conn, call.app(), call.workspace(), month);
    call.app().store().read(read)
}

/// Asserts that users may send a workspace's bots another message in this month.
///
/// # Errors
/// `QuotaExceeded` when all that the plan and the spending limit allow are used, or those of the store.
pub fn require_message(conn: &Connection, app: &App, workspace: &WorkspaceId) -> Result<()> {
    let month = Month::of(app.clock().now());
    let found = workspaces::spending(conn, workspace)?;
    let maximum = maximum(app.settings().plans.of(found.plan), found.plan, found.limit);
    let messages = quotas::user_messages(conn, workspace, month)?;
    match standing(messages, maximum) {
        Standing::Ok | Standing::Warning => Ok(()),
        Standing::LimitReached => Err(Error::new(
            Kind::QuotaExceeded,
            format!(
                "The workspace's users have sent the {maximum} messages that its plan and its \
                 spending limit allow in {month}"
            ),
        )),
    }
}

fn of(conn: &Connection, app: &App, workspace: &WorkspaceId, month: Month) -> Result<Details> {
    let found = workspaces::spending(conn, workspace)?;
    let figures = app.settings().plans.of(found.plan);
    let messages = quotas::user_messages(conn, workspace, month)?;
    let included = figures.included_messages;
    let maximum = maximum(figures, found.plan, found.limit);
    let method = methods::of_workspace(conn, workspace)?;
    Ok(Details {
        month,
        messages,
        cents: message_cents(figures, messages, found.limit),
        included,
        maximum,
        standing: standing(messages, maximum),
        method: method.map(|(_, method)| method),
    })
}

/// What messages cost beyond the plan's price, in cents.
pub(super) fn message_cents(figures: &Figures, messages: u64, limit: f64) -> u64 {
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
    let limit = if limit > 0.0 { limit } else { MOST_SPENT };
    (limit * 100.0).round() as u64
}

fn maximum(figures: &Figures, plan: Plan, limit: f64) -> u64 {
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
fn standing(messages: u64, maximum: u64) -> Standing {
    if messages >= maximum {
        Standing::LimitReached
    } else if messages as f64 >= WARN_FROM * maximum as f64 {
        Standing::Warning
    } else {
        Standing::Ok
    }
}
