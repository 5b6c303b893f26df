//! Simulated billing: a payment method has no real card, and nothing leaves the server. A paid plan is invoiced each
//! month, a simulated provider with known failures charges the invoices, and every charge is recorded.

mod charge;
mod details;
mod invoices;
mod link;
mod methods;
mod provider;
mod upcoming;
mod worker;

use serde::{Deserialize, Serialize};

pub use self::{
    charge::{ChargeResult, charge_unpaid},
    details::{BillingDetails, SpendingStatus, get_details, require_message},
    invoices::{Invoice, InvoiceLine, list_invoices, open_invoice_link},
    link::Link,
    methods::{SetupResult, confirm_payment_method, set_payment_method, start_plan},
    provider::{PaymentMethod, SetupStatus},
    upcoming::{UpcomingInvoice, UpcomingLine, get_upcoming},
    worker::{catch_up, run},
};
pub(in crate::domain) use self::{link::invalid_link, worker::REPAIRS};
use super::{members::Role, request_auth::RequestContext};
use crate::kernel::{Error, Kind, Result};

/// Settings of billing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Currency of all amounts: three letters.
    pub currency: String,
    /// Days between the attempts to charge an invoice. The first attempt is immediate.
    pub retry_days: Vec<u64>,
    /// Number of days after which an unpaid invoice blocks its workspace; 0: never.
    pub block_after_days: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            currency: "USD".to_owned(),
            retry_days: vec![3, 5, 7],
            block_after_days: 30,
        }
    }
}

/// Requires that the caller may manage the workspace's payments: with the role billing, or as an administrator.
///
/// # Errors
/// `Forbidden` otherwise.
pub fn require_role(call: &RequestContext) -> Result<()> {
    call.require_of_principal(|principal| match principal.role {
        Some(role) if may_pay(role) => Ok(()),
        _ => Err(Error::new(
            Kind::Forbidden,
            "This needs the role billing, administrator or owner",
        )),
    })
}

/// True if a member with this role may manage the workspace's payments.
fn may_pay(role: Role) -> bool {
    role == Role::Billing || role >= Role::Administrator
}
