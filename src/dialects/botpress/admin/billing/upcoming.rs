//! The invoice of the running month as it would be now.

use poem_openapi::{Enum, Object, OpenApi, param::Path, payload::Json, types::Example};

use crate::{
    dialects::botpress::{Tag, auth::PathMember, error::Failed},
    domain::tenancy::billing::{self, UpcomingInvoice, UpcomingLine},
    http::Nullable,
};

/// The operation on the upcoming invoice.
pub struct UpcomingInvoices;

/// Type of a line of an upcoming invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum LineType {
    /// Usage.
    InvoiceItem,
    /// The price of the plan.
    Subscription,
}

/// A line of an upcoming invoice.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct UpcomingInvoiceLine {
    /// Id of the line.
    id: String,
    /// Description.
    description: String,
    /// Amount in cents.
    total_in_cents: u64,
    /// Currency: three letters.
    currency: String,
    /// Price of a unit in cents; null if the line has no unit price.
    price_per_unit_in_cents: Nullable<f64>,
    /// Number of units; null if the line has none.
    quantity: Nullable<u64>,
    /// Type of the line.
    r#type: LineType,
    /// First day of the month.
    period_start: Nullable<String>,
    /// First day after the month.
    period_end: Nullable<String>,
}

/// An upcoming invoice.
#[derive(Object)]
#[oai(
    example,
    rename = "getUpcomingInvoiceResponse",
    rename_all = "camelCase"
)]
struct UpcomingInvoiceResponse {
    /// Amount in cents.
    total: u64,
    /// Lines of the invoice.
    line_items: Vec<UpcomingInvoiceLine>,
}

impl From<UpcomingInvoice> for UpcomingInvoiceResponse {
    fn from(invoice: UpcomingInvoice) -> Self {
        let (month, currency) = (invoice.month, invoice.currency);
        let shown = |(number, line): (u32, UpcomingLine)| UpcomingInvoiceLine {
            id: format!("upcoming-{month}-{number}"),
            description: line.text,
            total_in_cents: line.cents,
            currency: currency.clone(),
            price_per_unit_in_cents: Nullable(None),
            quantity: Nullable(line.quantity),
            r#type: match line.quantity {
                Some(_) => LineType::InvoiceItem,
                None => LineType::Subscription,
            },
            period_start: Nullable(Some(format!("{month}-01"))),
            period_end: Nullable(Some(format!("{}-01", month.next()))),
        };
        Self {
            total: invoice.lines.iter().map(|line| line.cents).sum(),
            line_items: (1..).zip(invoice.lines).map(shown).collect(),
        }
    }
}

impl Example for UpcomingInvoiceResponse {
    fn example() -> Self {
        Self {
            total: 49_500,
            line_items: vec![UpcomingInvoiceLine {
                id: "upcoming-2026-03-1".to_owned(),
                description: "Plan team, 2026-03".to_owned(),
                total_in_cents: 49_500,
                currency: "USD".to_owned(),
                price_per_unit_in_cents: Nullable(None),
                quantity: Nullable(None),
                r#type: LineType::Subscription,
                period_start: Nullable(Some("2026-03-01".to_owned())),
                period_end: Nullable(Some("2026-04-01".to_owned())),
            }],
        }
    }
}

#[OpenApi(tag = "Tag::Workspace")]
impl UpcomingInvoices {
    /// Get Upcoming Invoice
    ///
    /// Returns the invoice of the running month as it would be now. A workspace on the free plan has no lines.
    #[oai(
        path = "/v1/admin/workspaces/:id/billing/upcoming-invoice",
        method = "get",
        operation_id = "getUpcomingInvoice"
    )]
    async fn get_upcoming_invoice(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
    ) -> Result<Json<UpcomingInvoiceResponse>, Failed> {
        Ok(Json(billing::get_upcoming(&caller.0)?.into()))
    }
}
