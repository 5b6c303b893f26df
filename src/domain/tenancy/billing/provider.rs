//! Simulated payment provider. It accepts the ids of payment methods of Stripe's test mode, and each method behaves as
//! its name says. It stores no card and sends no request.

use crate::kernel::{Error, Kind, Result};

/// Status of the setup of a payment method, in Stripe's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStatus {
    /// The method can be charged.
    Succeeded,
    /// The holder must confirm the method.
    RequiresAction,
    /// The method was refused; another one is needed.
    RequiresPaymentMethod,
}

/// Public fields of a payment method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Brand: `visa`.
    pub kind: String,
    /// Last four digits of a card that does not exist.
    pub last_digits: String,
}

/// Behaviour of a test payment method.
enum TestBehaviour {
    /// Setup and charges succeed.
    Succeeds,
    /// The setup is refused.
    RefusedAtSetup,
    /// The setup needs a confirmation by the holder.
    NeedsAction,
    /// The setup succeeds; each charge fails with this reason.
    FailsWith(&'static str),
}

use TestBehaviour::{FailsWith, NeedsAction, RefusedAtSetup, Succeeds};

/// Ids, brands, last digits and behaviour. Stripe documents these ids for tests.
const METHODS: &[(&str, &str, &str, TestBehaviour)] = &[
    ("pm_card_visa", "visa", "4242", Succeeds),
    ("pm_card_visa_debit", "visa", "5556", Succeeds),
    ("pm_card_mastercard", "mastercard", "4444", Succeeds),
    ("pm_card_amex", "amex", "8431", Succeeds),
    ("pm_card_discover", "discover", "9424", Succeeds),
    ("pm_card_diners", "diners", "0004", Succeeds),
    ("pm_card_jcb", "jcb", "0505", Succeeds),
    ("pm_card_unionpay", "unionpay", "0005", Succeeds),
    (
        "pm_card_authenticationRequired",
        "visa",
        "3184",
        NeedsAction,
    ),
    (
        "pm_card_visa_chargeDeclined",
        "visa",
        "0002",
        RefusedAtSetup,
    ),
    (
        "pm_card_visa_chargeDeclinedFraudulent",
        "visa",
        "0019",
        RefusedAtSetup,
    ),
    (
        "pm_card_visa_chargeDeclinedLostCard",
        "visa",
        "9987",
        RefusedAtSetup,
    ),
    (
        "pm_card_visa_chargeDeclinedStolenCard",
        "visa",
        "9979",
        RefusedAtSetup,
    ),
    (
        "pm_card_chargeDeclinedExpiredCard",
        "visa",
        "0069",
        RefusedAtSetup,
    ),
    (
        "pm_card_chargeDeclinedIncorrectCvc",
        "visa",
        "0127",
        RefusedAtSetup,
    ),
    (
        "pm_card_chargeCustomerFail",
        "visa",
        "0341",
        FailsWith("card_declined"),
    ),
    (
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "visa",
        "9995",
        FailsWith("insufficient_funds"),
    ),
    (
        "pm_card_chargeDeclinedProcessingError",
        "visa",
        "0119",
        FailsWith("processing_error"),
    ),
];

/// Sets up a payment method, and returns the status and the method.
///
/// # Errors
/// `ReferenceNotFound` for an unknown id.
pub(super) fn set_up_method(id: &str) -> Result<(SetupStatus, PaymentMethod)> {
    let (_, kind, last_digits, behaviour) = METHODS
        .iter()
        .find(|(known, ..)| *known == id)
        .ok_or_else(|| {
            Error::new(
                Kind::ReferenceNotFound,
                format!(
                    "There is no payment method {id}. Payment is simulated, with the payment methods \
                     of Stripe's test mode: pm_card_visa and others"
                ),
            )
        })?;
    let status = match behaviour {
        Succeeds | FailsWith(_) => SetupStatus::Succeeded,
        NeedsAction => SetupStatus::RequiresAction,
        RefusedAtSetup => SetupStatus::RequiresPaymentMethod,
    };
    let method = PaymentMethod {
        kind: (*kind).to_owned(),
        last_digits: (*last_digits).to_owned(),
    };
    Ok((status, method))
}

/// Charges a payment method, and returns the reason of a failure.
pub(super) fn charge_method(id: Option<&str>) -> Option<&'static str> {
    let Some(id) = id else {
        return Some("no_payment_method");
    };
    let found = METHODS.iter().find(|(known, ..)| *known == id);
    match found.map(|(.., behaviour)| behaviour) {
        Some(Succeeds | NeedsAction) => None,
        Some(FailsWith(reason)) => Some(reason),
        Some(RefusedAtSetup) | None => Some("card_declined"),
    }
}
