//! The simulated payment provider. It knows the payment methods of Stripe's test mode by their ids and
//! does with each what its name says. It keeps no card and calls nobody.

use crate::kernel::{Error, Kind, Result};

/// What came of setting a payment method up, of what Stripe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStatus {
    /// It can be charged.
    Succeeded,
    /// Its holder has to confirm it.
    RequiresAction,
    /// It was refused: another one is needed.
    RequiresPaymentMethod,
}

/// A payment method as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// What it is: `visa`.
    pub kind: String,
    /// The last four digits of a card that does not exist.
    pub last_digits: String,
}

/// What a payment method does.
enum Behaviour {
    /// It is good.
    Good,
    /// It is refused when it is set up.
    RefusedAtSetup,
    /// It must be confirmed by its holder when it is set up.
    NeedsAction,
    /// It can be set up; each charge fails with this.
    FailsWith(&'static str),
}

use Behaviour::{FailsWith, Good, NeedsAction, RefusedAtSetup};

/// Ids, brands, last digits and behaviour. The ids are those that Stripe documents for testing.
const METHODS: &[(&str, &str, &str, Behaviour)] = &[
    ("pm_card_visa", "visa", "4242", Good),
    ("pm_card_visa_debit", "visa", "5556", Good),
    ("pm_card_mastercard", "mastercard", "4444", Good),
    ("pm_card_amex", "amex", "8431", Good),
    ("pm_card_discover", "discover", "9424", Good),
    ("pm_card_diners", "diners", "0004", Good),
    ("pm_card_jcb", "jcb", "0505", Good),
    ("pm_card_unionpay", "unionpay", "0005", Good),
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

/// Sets a payment method up: what came of it, and what it looks like.
///
/// # Errors
/// `ReferenceNotFound` for an id that is not one of the simulation's.
pub(super) fn set_up(id: &str) -> Result<(SetupStatus, Method)> {
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
        Good | FailsWith(_) => SetupStatus::Succeeded,
        NeedsAction => SetupStatus::RequiresAction,
        RefusedAtSetup => SetupStatus::RequiresPaymentMethod,
    };
    let method = Method {
        kind: (*kind).to_owned(),
        last_digits: (*last_digits).to_owned(),
    };
    Ok((status, method))
}

/// Charges a payment method: why it fails, if it does.
pub(super) fn charge(id: Option<&str>) -> Option<&'static str> {
    let Some(id) = id else {
        return Some("no_payment_method");
    };
    let found = METHODS.iter().find(|(known, ..)| *known == id);
    match found.map(|(.., behaviour)| behaviour) {
        Some(Good | NeedsAction) => None,
        Some(FailsWith(reason)) => Some(reason),
        Some(RefusedAtSetup) | None => Some("card_declined"),
    }
}
