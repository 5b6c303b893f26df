//! Billing as Botpress shows and takes it. Amounts are in whole units of the currency, as spending
//! limits are.

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    domain::tenancy::billing::{self, Details, SetupStatus, Standing},
    http::Nullable,
};

/// Cents as whole units of the currency.
#[expect(
    clippy::cast_precision_loss,
    reason = "cents are exact in a double up to 90 trillion dollars"
)]
pub fn amount(cents: u64) -> f64 {
    cents as f64 / 100.0
}

/// How messages stand to what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum MessagesStatus {
    /// Far from the maximum.
    #[oai(rename = "OK")]
    Ok,
    /// Near the maximum.
    Warning,
    /// At the maximum: users can send no more in this month.
    LimitReached,
}

/// Messages of users in the running month.
#[derive(Object)]
struct UserMessages {
    /// How they stand to the maximum.
    status: MessagesStatus,
    /// How many there are.
    quantity: u64,
    /// What they cost so far beyond the plan's price.
    price: f64,
    /// How many the plan's price includes.
    minimum: u64,
    /// How many there can be, by the plan and the spending limit.
    maximum: u64,
}

/// What the running month has come to.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PeriodUsage {
    /// Messages of users.
    user_messages: UserMessages,
}

/// The running month.
#[derive(Object)]
struct CurrentPeriod {
    /// Its first moment, in ISO 8601.
    start: String,
    /// The first moment after it, in ISO 8601.
    end: String,
    /// What it has come to.
    usage: PeriodUsage,
}

/// A simulated payment method: there is no card.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PaymentMethod {
    /// What it is.
    r#type: String,
    /// The last four digits of a card that does not exist.
    last_digits: String,
}

impl From<billing::Method> for PaymentMethod {
    fn from(method: billing::Method) -> Self {
        Self {
            r#type: method.kind,
            last_digits: method.last_digits,
        }
    }
}

impl PaymentMethod {
    fn example() -> Nullable<Self> {
        Nullable(Some(Self {
            r#type: "visa".to_owned(),
            last_digits: "4242".to_owned(),
        }))
    }
}

/// How a workspace stands in the running month.
#[derive(Object)]
#[oai(
    example,
    rename = "getWorkspaceBillingDetailsResponse",
    rename_all = "camelCase"
)]
pub struct DetailsResponse {
    /// The running month.
    current_period: CurrentPeriod,
    /// What is charged.
    payment_method: Nullable<PaymentMethod>,
}

impl From<Details> for DetailsResponse {
    fn from(details: Details) -> Self {
        Self {
            current_period: CurrentPeriod {
                start: details.month.start().to_rfc3339_millis(),
                end: details.month.end().to_rfc3339_millis(),
                usage: PeriodUsage {
                    user_messages: UserMessages {
                        status: match details.standing {
                            Standing::Ok => MessagesStatus::Ok,
                            Standing::Warning => MessagesStatus::Warning,
                            Standing::LimitReached => MessagesStatus::LimitReached,
                        },
                        quantity: details.messages,
                        price: amount(details.cents),
                        minimum: details.included,
                        maximum: details.maximum,
                    },
                },
            },
            payment_method: Nullable(details.method.map(PaymentMethod::from)),
        }
    }
}

impl Example for DetailsResponse {
    fn example() -> Self {
        Self {
            current_period: CurrentPeriod {
                start: "2026-03-01T00:00:00.000Z".to_owned(),
                end: "2026-04-01T00:00:00.000Z".to_owned(),
                usage: PeriodUsage {
                    user_messages: UserMessages {
                        status: MessagesStatus::Ok,
                        quantity: 250,
                        price: 0.0,
                        minimum: 1_000_000,
                        maximum: 1_000_000,
                    },
                },
            },
            payment_method: PaymentMethod::example(),
        }
    }
}

/// A payment method to charge.
#[derive(Object)]
#[oai(
    example,
    rename = "setWorkspacePaymentMethodBody",
    rename_all = "camelCase"
)]
pub struct SetMethodBody {
    /// The id of one of the payment methods of Stripe's test mode: `pm_card_visa`. Payment is
    /// simulated: no card is charged, and nothing is sent to anyone.
    pub stripe_payment_method_id: String,
}

impl Example for SetMethodBody {
    fn example() -> Self {
        Self {
            stripe_payment_method_id: "pm_card_visa".to_owned(),
        }
    }
}

/// What came of setting a payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum MethodStatus {
    /// It is set.
    Succeeded,
    /// It is under way.
    Processing,
    /// It was given up.
    Canceled,
    /// It is to be confirmed.
    RequiresConfirmation,
    /// It is to be confirmed at the address that `nextAction` gives.
    RequiresAction,
    /// It was refused.
    RequiresPaymentMethod,
}

/// What to do next.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct NextAction {
    /// The address at which the payment method is confirmed.
    redirect_to_url: String,
}

/// What came of setting a payment method.
#[derive(Object)]
#[oai(
    example,
    rename = "setWorkspacePaymentMethodResponse",
    rename_all = "camelCase"
)]
pub struct SetMethodResponse {
    /// The id that was given.
    stripe_payment_method_id: String,
    /// The payment method; null if it is not set.
    payment_method: Nullable<PaymentMethod>,
    /// What came of it.
    status: MethodStatus,
    /// What to do next, if there is something.
    #[oai(skip_serializing_if_is_none)]
    next_action: Option<NextAction>,
}

impl SetMethodResponse {
    /// What came of it, with the address of the page on which it is confirmed.
    pub fn new(attached: billing::Attached, confirm_at: impl FnOnce(&str) -> String) -> Self {
        Self {
            stripe_payment_method_id: attached.id,
            payment_method: Nullable(attached.method.map(PaymentMethod::from)),
            status: match attached.status {
                SetupStatus::Succeeded => MethodStatus::Succeeded,
                SetupStatus::RequiresAction => MethodStatus::RequiresAction,
                SetupStatus::RequiresPaymentMethod => MethodStatus::RequiresPaymentMethod,
            },
            next_action: attached.confirmation.map(|key| NextAction {
                redirect_to_url: confirm_at(&key),
            }),
        }
    }
}

impl Example for SetMethodResponse {
    fn example() -> Self {
        Self {
            stripe_payment_method_id: "pm_card_visa".to_owned(),
            payment_method: PaymentMethod::example(),
            status: MethodStatus::Succeeded,
            next_action: None,
        }
    }
}

/// A payment method that is confirmed.
#[derive(Object)]
#[oai(
    example,
    rename = "confirmPaymentMethodResponse",
    rename_all = "camelCase"
)]
pub struct ConfirmedResponse {
    /// The payment method, which the workspace has now.
    payment_method: PaymentMethod,
}

impl From<billing::Method> for ConfirmedResponse {
    fn from(method: billing::Method) -> Self {
        Self {
            payment_method: method.into(),
        }
    }
}

impl Example for ConfirmedResponse {
    fn example() -> Self {
        Self {
            payment_method: PaymentMethod {
                r#type: "visa".to_owned(),
                last_digits: "3184".to_owned(),
            },
        }
    }
}
