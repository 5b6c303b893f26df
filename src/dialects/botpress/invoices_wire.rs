//! Invoices, and what came of charging them, as Botpress shows and takes them.

use poem_openapi::{Enum, Object, types::Example};

use super::billing_wire::amount;
use crate::{
    domain::tenancy::billing::{self, Charged},
    http::Nullable,
};

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
