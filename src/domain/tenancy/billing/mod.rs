//! Billing, on this machine alone: no card is behind a payment method and nothing leaves the server.
//! A paid plan is invoiced by the month, invoices are charged by a simulated provider whose failures
//! can be provoked, and every charge is in its ledger.

mod charge;
mod details;
mod invoices;
mod link;
mod methods;
mod provider;
mod run;

use serde::{Deserialize, Serialize};

pub(in crate::domain) use self::run::MENDS;
pub use self::{
    charge::{Charged, charge_unpaid},
    details::{Details, Standing, details, require_message},
    invoices::{Invoice, Line, invoices, of_link},
    link::Link,
    methods::{Attached, begin, confirm, set_method},
    provider::{Method, SetupStatus},
    run::{catch_up, work},
};
use super::{members::Role, request_auth::Call};
use crate::kernel::{Error, Kind, Result};

/// How invoices are charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The currency of all amounts: three letters.
    pub currency: String,
    /// The days between the attempts to charge an invoice; the first attempt is made at once.
    pub retry_days: Vec<u64>,
    /// After how many days an unpaid invoice blocks its workspace; 0 is never.
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

/// Asserts that the caller may handle the workspace's money: with the role billing, or as an
/// administrator.
///
/// # Errors
/// `Forbidden` otherwise.
pub fn require_role(call: &Call) -> Result<()> {
    call.require_of_caller(|caller| match caller.role {
        Some(role) if pays(role) => Ok(()),
        _ => Err(Error::new(
            Kind::Forbidden,
            "This needs the role billing, administrator or owner",
        )),
    })
}

/// Whether a member with this role may handle the workspace's money.
fn pays(role: Role) -> bool {
    role == Role::Billing || role >= Role::Administrator
}
