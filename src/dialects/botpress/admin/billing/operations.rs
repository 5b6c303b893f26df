//! `/v1/admin/workspaces/{id}/billing`: plan charges and invoices, with a simulated payment provider. It also
//! serves the invoice and confirmation links in the responses, which the vendor hosts elsewhere.

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::{Binary, Json},
};

use super::{
    dto::{
        BillingDetailsResponse, ConfirmPaymentMethodResponse, SetPaymentMethodBody,
        SetPaymentMethodResponse,
    },
    invoice_pdf,
    invoices_dto::{ChargeInvoicesBody, ChargeInvoicesResponse, Invoice, InvoicesResponse},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{PathBillingMember, PathMember},
        error::Failed,
        settings::Settings,
    },
    domain::tenancy::billing,
    http::{self, Body},
    kernel::ids::InvoiceId,
};

/// The operations on billing.
pub struct Billing {
    settings: Settings,
}

/// The document of an invoice.
#[derive(ApiResponse)]
enum DocumentResponse {
    /// The document
    #[oai(status = 200, content_type = "application/pdf")]
    Document(Binary<Vec<u8>>),
}

impl Billing {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

#[OpenApi(tag = "Tag::Workspace")]
impl Billing {
    /// Get Workspace Billing Details
    ///
    /// Returns the usage of the running month and the payment method of a workspace.
    #[oai(
        path = "/v1/admin/workspaces/:id/billing/details",
        method = "get",
        operation_id = "getWorkspaceBillingDetails"
    )]
    async fn get_workspace_billing_details(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
    ) -> Result<Json<BillingDetailsResponse>, Failed> {
        Ok(Json(billing::get_details(&caller.0)?.into()))
    }

    /// Set Workspace Payment Method
    ///
    /// Sets the payment method of a workspace: the id of one of the payment methods of Stripe's test mode.
    /// Payment is simulated; no card is charged.
    #[oai(
        path = "/v1/admin/workspaces/:id/billing/payment-method",
        method = "put",
        operation_id = "setWorkspacePaymentMethod"
    )]
    async fn set_workspace_payment_method(
        &self,
        caller: PathBillingMember,
        request: &Request,
        /// Id of the workspace.
        id: Path<String>,
        body: Body<SetPaymentMethodBody>,
    ) -> Result<Json<SetPaymentMethodResponse>, Failed> {
        let origin = self.settings.base_urls(request).server;
        let attached =
            billing::set_payment_method(&caller.0, body.0.stripe_payment_method_id).await?;
        let confirm_at = |key: &str| {
            let id = &id.0;
            format!("{origin}/v1/admin/payment-methods/{id}/confirm?key={key}")
        };
        Ok(Json(SetPaymentMethodResponse::new(attached, confirm_at)))
    }

    /// List Workspace Invoices
    ///
    /// Lists the invoices of a workspace, newest first. There is one invoice for each month on a paid plan.
    #[oai(
        path = "/v1/admin/workspaces/:id/billing/invoices",
        method = "get",
        operation_id = "listWorkspaceInvoices"
    )]
    async fn list_workspace_invoices(
        &self,
        caller: PathMember,
        request: &Request,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
    ) -> Result<Json<InvoicesResponse>, Failed> {
        let origin = self.settings.base_urls(request).server;
        let invoices = billing::list_invoices(&caller.0).await?;
        let shown = |(invoice, key): (billing::Invoice, String)| {
            let id = &invoice.id;
            let url = format!("{origin}/v1/admin/invoices/{id}/document?key={key}");
            Invoice::with_pdf_url(url, &invoice)
        };
        Ok(Json(InvoicesResponse {
            invoices: invoices.into_iter().map(shown).collect(),
        }))
    }

    /// Charge Workspace Unpaid Invoices
    ///
    /// Charges unpaid invoices now. A blocked workspace is unblocked when no unpaid invoice is left.
    #[oai(
        path = "/v1/admin/workspaces/:id/billing/invoices/charge-unpaid",
        method = "post",
        operation_id = "chargeWorkspaceUnpaidInvoices"
    )]
    async fn charge_workspace_unpaid_invoices(
        &self,
        caller: PathBillingMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        body: Body<ChargeInvoicesBody>,
    ) -> Result<Json<ChargeInvoicesResponse>, Failed> {
        let ids = body.0.invoice_ids;
        let ids = ids.map(|ids| ids.into_iter().map(InvoiceId::from).collect());
        let charged = billing::charge_unpaid(&caller.0, ids).await?;
        Ok(Json(charged.into()))
    }

    /// Download Invoice
    ///
    /// Downloads the document of an invoice as PDF. The address is the `pdfUrl` of the invoice and needs no
    /// token. It works as long as the member who listed the invoices may handle the workspace's money.
    #[oai(
        path = "/v1/admin/invoices/:id/document",
        method = "get",
        operation_id = "downloadInvoice"
    )]
    async fn download_invoice(
        &self,
        request: &Request,
        /// Id of the invoice.
        id: Path<String>,
        /// Key of the link.
        key: Query<String>,
    ) -> Result<DocumentResponse, Failed> {
        let app = http::app(request)?;
        let invoice = billing::open_invoice_link(app, &id.0.into(), &key.0)?;
        let document = invoice_pdf::render(&invoice);
        Ok(DocumentResponse::Document(Binary(document)))
    }

    /// Confirm Payment Method
    ///
    /// Confirms a payment method that requires confirmation. The address is the `redirectToUrl` in the
    /// response of Set Workspace Payment Method. It works as long as the member who set the payment method
    /// may handle the workspace's money.
    #[oai(
        path = "/v1/admin/payment-methods/:id/confirm",
        method = "get",
        operation_id = "confirmPaymentMethod"
    )]
    async fn confirm_payment_method(
        &self,
        request: &Request,
        /// Id of the workspace.
        id: Path<String>,
        /// Key of the link.
        key: Query<String>,
    ) -> Result<Json<ConfirmPaymentMethodResponse>, Failed> {
        let app = http::app(request)?;
        let method = billing::confirm_payment_method(app, id.0.into(), &key.0).await?;
        Ok(Json(method.into()))
    }
}
