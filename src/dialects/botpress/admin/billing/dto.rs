//! DTOs of billing. Amounts are in whole units of the currency, as spending limits are.

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    domain::tenancy::billing::{self, BillingDetails, SetupStatus, SpendingStatus},
    http::Nullable,
};

/// Converts cents to whole units of the currency.
#[expect(
    clippy::cast_precision_loss,
    reason = "cents are exact in a double up to 90 trillion dollars"
)]
pub fn cents_to_units(cents: u64) -> f64 {
    cents as f64 / 100.0
}

/// Usage of the message quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum MessagesStatus {
    /// Far below the maximum.
    #[oai(rename = "OK")]
    Ok,
    /// Close to the maximum.
    Warning,
    /// Maximum reached: users can send no more messages this month.
    LimitReached,
}

/// User messages of the running month.
#[derive(Object)]
struct UserMessages {
    /// Usage of the maximum.
    status: MessagesStatus,
    /// Number of messages.
    quantity: u64,
    /// Cost so far in excess of the plan's price.
    price: f64,
    /// Number of messages included in the plan's price.
    minimum: u64,
    /// Maximum number of messages, by the plan and the spending limit.
    maximum: u64,
}

/// Usage of the running month.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PeriodUsage {
    /// User messages.
    user_messages: UserMessages,
}

/// The running month.
#[derive(Object)]
struct CurrentPeriod {
    /// Start of the month, in ISO 8601.
    start: String,
    /// End of the month (exclusive), in ISO 8601.
    end: String,
    /// Usage so far.
    usage: PeriodUsage,
}

/// A simulated payment method. No card exists.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PaymentMethod {
    /// Type of the payment method: `visa`.
    r#type: String,
    /// Last four digits of the simulated card.
    last_digits: String,
}

impl From<billing::PaymentMethod> for PaymentMethod {
    fn from(method: billing::PaymentMethod) -> Self {
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

/// Billing details of a workspace.
#[derive(Object)]
#[oai(
    example,
    rename = "getWorkspaceBillingDetailsResponse",
    rename_all = "camelCase"
)]
pub struct BillingDetailsResponse {
    /// The running month.
    current_period: CurrentPeriod,
    /// The payment method to charge; null if none is set.
    payment_method: Nullable<PaymentMethod>,
}

impl From<BillingDetails> for BillingDetailsResponse {
    fn from(details: BillingDetails) -> Self {
        Self {
            current_period: CurrentPeriod {
                start: details.month.start().to_rfc3339_millis(),
                end: details.month.end().to_rfc3339_millis(),
                usage: PeriodUsage {
                    user_messages: UserMessages {
                        status: match details.status {
                            SpendingStatus::Ok => MessagesStatus::Ok,
                            SpendingStatus::Warning => MessagesStatus::Warning,
                            SpendingStatus::LimitReached => MessagesStatus::LimitReached,
                        },
                        quantity: details.messages,
                        price: cents_to_units(details.cents),
                        minimum: details.included,
                        maximum: details.maximum,
                    },
                },
            },
            payment_method: Nullable(details.method.map(PaymentMethod::from)),
        }
    }
}

impl Example for BillingDetailsResponse {
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
pub struct SetPaymentMethodBody {
    /// Id of one of the payment methods of Stripe's test mode: `pm_card_visa`. Payment is simulated: no card
    /// is charged and nothing is sent to Stripe.
    pub stripe_payment_method_id: String,
}

impl Example for SetPaymentMethodBody {
    fn example() -> Self {
        Self {
            stripe_payment_method_id: "pm_card_visa".to_owned(),
        }
    }
}

/// Status of setting a payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum MethodStatus {
    /// The payment method is set.
    Succeeded,
    /// The payment method is being set.
    Processing,
    /// The attempt was canceled.
    Canceled,
    /// The payment method needs confirmation.
    RequiresConfirmation,
    /// The payment method needs confirmation at the address in `nextAction`.
    RequiresAction,
    /// The payment method was refused.
    RequiresPaymentMethod,
}

/// The action that the caller must take next.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct NextAction {
    /// Address at which the payment method is confirmed.
    redirect_to_url: String,
}

/// Result of setting a payment method.
#[derive(Object)]
#[oai(
    example,
    rename = "setWorkspacePaymentMethodResponse",
    rename_all = "camelCase"
)]
pub struct SetPaymentMethodResponse {
    /// Id from the request.
    stripe_payment_method_id: String,
    /// The payment method; null if it is not set.
    payment_method: Nullable<PaymentMethod>,
    /// Status of the attempt.
    status: MethodStatus,
    /// Next action; absent if none is needed.
    #[oai(skip_serializing_if_is_none)]
    next_action: Option<NextAction>,
}

impl SetPaymentMethodResponse {
    /// Converts the result. `confirm_at` builds the confirmation address from a key.
    pub fn new(attached: billing::SetupResult, confirm_at: impl FnOnce(&str) -> String) -> Self {
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

impl Example for SetPaymentMethodResponse {
    fn example() -> Self {
        Self {
            stripe_payment_method_id: "pm_card_visa".to_owned(),
            payment_method: PaymentMethod::example(),
            status: MethodStatus::Succeeded,
            next_action: None,
        }
    }
}

/// A confirmed payment method.
#[derive(Object)]
#[oai(
    example,
    rename = "confirmPaymentMethodResponse",
    rename_all = "camelCase"
)]
pub struct ConfirmPaymentMethodResponse {
    /// The payment method that the workspace now has.
    payment_method: PaymentMethod,
}

impl From<billing::PaymentMethod> for ConfirmPaymentMethodResponse {
    fn from(method: billing::PaymentMethod) -> Self {
        Self {
            payment_method: method.into(),
        }
    }
}

impl Example for ConfirmPaymentMethodResponse {
    fn example() -> Self {
        Self {
            payment_method: PaymentMethod {
                r#type: "visa".to_owned(),
                last_digits: "3184".to_owned(),
            },
        }
    }
}
