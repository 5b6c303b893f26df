//! DTOs of invoices and of charges.

use poem_openapi::{Enum, Object, types::Example};

use super::dto::cents_to_units;
use crate::{
    domain::tenancy::billing::{self, ChargeResult},
    http::Nullable,
};

/// Payment status of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum PaymentStatus {
    /// The invoice is paid.
    Paid,
    /// The invoice is not paid.
    Unpaid,
}

/// A month.
#[derive(Object)]
struct Period {
    /// Month, from 1 to 12.
    month: u32,
    /// Year.
    year: i32,
}

/// An invoice for a month.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Invoice {
    /// Id of the invoice.
    id: String,
    /// Month that the invoice covers.
    period: Period,
    /// Time of creation, in ISO 8601.
    date: String,
    /// Amount, in whole units of the currency.
    amount: f64,
    /// Currency code with three letters.
    currency: String,
    /// Payment status.
    payment_status: PaymentStatus,
    /// Number of failed charges.
    payment_attempt_count: Nullable<u64>,
    /// Time of the next automatic charge, in ISO 8601; null if there is none.
    next_payment_attempt_date: Nullable<String>,
    /// Address of the document. It needs no token.
    pdf_url: String,
}

impl Invoice {
    /// Converts an invoice; `pdf_url` is the address of its document.
    pub fn with_pdf_url(pdf_url: String, invoice: &billing::Invoice) -> Self {
        let next = invoice.next_attempt_at;
        Self {
            id: invoice.id.to_string(),
            period: Period {
                month: invoice.month.number(),
                year: invoice.month.year(),
            },
            date: invoice.at.to_rfc3339_millis(),
            amount: cents_to_units(invoice.cents),
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

/// The invoices of a workspace.
#[derive(Object)]
#[oai(example, rename = "listWorkspaceInvoicesResponse")]
pub struct InvoicesResponse {
    /// The invoices, newest first.
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

/// The invoices to charge.
#[derive(Object)]
#[oai(
    example,
    rename = "chargeWorkspaceUnpaidInvoicesBody",
    rename_all = "camelCase"
)]
pub struct ChargeInvoicesBody {
    /// Ids of the invoices; all unpaid invoices if absent.
    #[oai(validator(min_items = 1))]
    pub invoice_ids: Option<Vec<String>>,
}

impl Example for ChargeInvoicesBody {
    fn example() -> Self {
        Self { invoice_ids: None }
    }
}

/// An invoice that was charged.
#[derive(Object)]
struct ChargedInvoice {
    /// Id of the invoice.
    id: String,
    /// Amount, in whole units of the currency.
    amount: f64,
}

/// An invoice whose charge failed.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct FailedInvoice {
    /// Id of the invoice.
    id: String,
    /// Amount, in whole units of the currency.
    amount: f64,
    /// Reason for the failure, in Stripe's words.
    failed_reason: String,
}

/// Result of charging invoices.
#[derive(Object)]
#[oai(
    example,
    rename = "chargeWorkspaceUnpaidInvoicesResponse",
    rename_all = "camelCase"
)]
pub struct ChargeInvoicesResponse {
    /// The invoices that are now paid.
    charged_invoices: Vec<ChargedInvoice>,
    /// The invoices whose charge failed.
    failed_invoices: Vec<FailedInvoice>,
}

impl From<Vec<ChargeResult>> for ChargeInvoicesResponse {
    fn from(charged: Vec<ChargeResult>) -> Self {
        let mut response = Self {
            charged_invoices: Vec::new(),
            failed_invoices: Vec::new(),
        };
        for invoice in charged {
            let (id, amount) = (invoice.id.to_string(), cents_to_units(invoice.cents));
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

impl Example for ChargeInvoicesResponse {
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
