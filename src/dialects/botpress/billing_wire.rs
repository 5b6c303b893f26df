//! Billing as Botpress shows and takes it. Amounts are in whole units of the currency, as spending
//! limits are.

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    domain::billing::{self, Charged, Details, SetupStatus, Standing},
    http::Nullable,
};

/// Cents as whole units of the currency.
#[expect(
    clippy::cast_precision_loss,
    reason = "cents are exact in a double up to 90 trillion dollars"
)]
fn amount(cents: u64) -> f64 {
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

/// Whether an invoice is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum PaymentStatus {
    /// It is.
    Paid,
    /// It is not.
    Unpaid,
}

/// A month.
#[derive(Object)]
struct Period {
    /// From 1 to 12.
    month: u32,
    /// The year.
    year: i32,
}

/// An invoice for a month.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Invoice {
    /// Its id.
    id: String,
    /// The month it is for.
    period: Period,
    /// When it was made, in ISO 8601.
    date: String,
    /// The amount.
    amount: f64,
    /// The currency: three letters.
    currency: String,
    /// Whether it is paid.
    payment_status: PaymentStatus,
    /// How often it was charged in vain.
    payment_attempt_count: Nullable<u64>,
    /// When it is charged by itself next, in ISO 8601.
    next_payment_attempt_date: Nullable<String>,
    /// The address of its document, which whoever has it can read.
    pdf_url: String,
}

impl Invoice {
    /// An invoice whose document has this address.
    pub fn at(pdf_url: String, invoice: &billing::Invoice) -> Self {
        let next = invoice.next_attempt_at;
        Self {
            id: invoice.id.to_string(),
            period: Period {
                month: invoice.month.number(),
                year: invoice.month.year(),
            },
            date: invoice.at.to_rfc3339_millis(),
            amount: amount(invoice.cents),
            currency: invoice.currency.clone(),
            payment_status: match invoice.paid_at {
                Some(_) => PaymentStatus::Paid,
                None => PaymentStatus::Unpaid,
            },
            payment_attempt_count: Nullable(Some(invoice.attempts)),
            next_payment_attempt_date: Nullable(next.map(|at| at.to_rfc3339_millis())),
            pdf_url,
        }
    }
}

/// Invoices, newest first.
#[derive(Object)]
#[oai(example, rename = "listWorkspaceInvoicesResponse")]
pub struct InvoicesResponse {
    /// The invoices.
    pub invoices: Vec<Invoice>,
}

const EXAMPLE_ID: &str = "3f0f6b39-6a0e-4f53-9d7c-6f2f3b1a7c11";

impl Example for InvoicesResponse {
    fn example() -> Self {
        Self {
            invoices: vec![Invoice {
                id: EXAMPLE_ID.to_owned(),
                period: Period {
                    month: 2,
                    year: 2026,
                },
                date: "2026-03-01T00:00:00.000Z".to_owned(),
                amount: 50.0,
                currency: "USD".to_owned(),
                payment_status: PaymentStatus::Paid,
                payment_attempt_count: Nullable(Some(0)),
                next_payment_attempt_date: Nullable(None),
                pdf_url: format!(
                    "http://127.0.0.1:4600/v1/admin/invoices/{EXAMPLE_ID}/document?key=…"
                ),
            }],
        }
    }
}

/// Which invoices to charge.
#[derive(Object)]
#[oai(
    example,
    rename = "chargeWorkspaceUnpaidInvoicesBody",
    rename_all = "camelCase"
)]
pub struct ChargeBody {
    /// Their ids; every unpaid one if absent.
    #[oai(validator(min_items = 1))]
    pub invoice_ids: Option<Vec<String>>,
}

impl Example for ChargeBody {
    fn example() -> Self {
        Self { invoice_ids: None }
    }
}

/// An invoice that was charged.
#[derive(Object)]
struct ChargedInvoice {
    /// Its id.
    id: String,
    /// The amount.
    amount: f64,
}

/// An invoice that could not be charged.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct FailedInvoice {
    /// Its id.
    id: String,
    /// The amount.
    amount: f64,
    /// Why, in Stripe's words.
    failed_reason: String,
}

/// What came of charging invoices.
#[derive(Object)]
#[oai(
    example,
    rename = "chargeWorkspaceUnpaidInvoicesResponse",
    rename_all = "camelCase"
)]
pub struct ChargeResponse {
    /// Those that are paid now.
    charged_invoices: Vec<ChargedInvoice>,
    /// Those that are not.
    failed_invoices: Vec<FailedInvoice>,
}

impl From<Vec<Charged>> for ChargeResponse {
    fn from(charged: Vec<Charged>) -> Self {
        let mut response = Self {
            charged_invoices: Vec::new(),
            failed_invoices: Vec::new(),
        };
        for invoice in charged {
            let (id, amount) = (invoice.id.to_string(), amount(invoice.cents));
            match invoice.failure {
                None => response
                    .charged_invoices
                    .push(ChargedInvoice { id, amount }),
                Some(reason) => response.failed_invoices.push(FailedInvoice {
                    id,
                    amount,
                    failed_reason: reason.to_owned(),
                }),
            }
        }
        response
    }
}

impl Example for ChargeResponse {
    fn example() -> Self {
        Self {
            charged_invoices: vec![ChargedInvoice {
                id: EXAMPLE_ID.to_owned(),
                amount: 50.0,
            }],
            failed_invoices: Vec::new(),
        }
    }
}
