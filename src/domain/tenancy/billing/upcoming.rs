//! The invoice of the current month as it would be now.

use rusqlite::Connection;

use super::{details::message_cents, require_role};
use crate::{
    domain::tenancy::{quotas, request_auth::RequestContext, workspaces},
    kernel::{Month, Result},
};

/// The invoice of the current month as it would be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpcomingInvoice {
    /// Month of the invoice.
    pub month: Month,
    /// Currency: three letters.
    pub currency: String,
    /// Lines; none for a workspace on the free plan.
    pub lines: Vec<UpcomingLine>,
}

/// Line of an upcoming invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpcomingLine {
    /// Description.
    pub text: String,
    /// Amount in cents.
    pub cents: u64,
    /// Number of units; `None` for the plan's price.
    pub quantity: Option<u64>,
}

/// Returns the invoice of the current month of the request's workspace as it would be now.
///
/// # Errors
/// `Forbidden` without the role billing, and errors of the store.
pub fn get_upcoming(call: &RequestContext) -> Result<UpcomingInvoice> {
    require_role(call)?;
    let app = call.app();
    let month = Month::of(app.clock().now());
    app.store().read(|conn: &Connection| {
        let found = workspaces::find_spending(conn, call.workspace())?;
        let mut lines = Vec::new();
        if found.plan.is_premium() {
            let terms = app.settings().plans.terms_of(found.plan);
            let messages = quotas::count_user_messages(conn, call.workspace(), month)?;
            let beyond = messages.saturating_sub(terms.included_messages);
            lines.push(UpcomingLine {
                text: format!("Plan {}, {month}", found.plan),
                cents: terms.monthly_cents,
                quantity: None,
            });
            if beyond > 0 {
                lines.push(UpcomingLine {
                    text: format!("{beyond} messages beyond {}", terms.included_messages),
                    cents: message_cents(terms, messages, found.limit),
                    quantity: Some(beyond),
                });
            }
        }
        Ok(UpcomingInvoice {
            month,
            currency: app.settings().billing.currency.clone(),
            lines,
        })
    })
}
