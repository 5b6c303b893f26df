//! Verification of integrations: a mark that only the operator could set. A request for it is stored.

use rusqlite::named_params;

use super::rows;
use crate::{
    domain::{
        shared::sql::text_enum,
        tenancy::{
            audit::{self, NewAuditRecord},
            members::Role,
            request_auth::RequestContext,
        },
    },
    kernel::{Error, Kind, Result, ids::IntegrationId},
};

text_enum! {
    /// State of the verification of a version of an integration.
    pub enum Verification {
        /// Nobody has asked for it.
        Unapproved = "unapproved",
        /// The owner has asked for it.
        Pending = "pending",
        /// It is verified.
        Approved = "approved",
        /// It is refused.
        Rejected = "rejected",
    }
}

const REQUEST: &str = "
    UPDATE integrations SET verification = 'pending', updated_at = :now
    WHERE seq = :seq AND verification IN ('unapproved', 'rejected')";

/// Requests the verification of an integration of the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `ReferenceNotFound` if the workspace has no such integration, and errors of
/// the store.
pub async fn request_verification(call: &RequestContext, id: IntegrationId) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let found =
                rows::load(tx.conn, workspace, &id).map_err(|error| match error.kind() {
                    Kind::NotFound => {
                        Error::new(Kind::ReferenceNotFound, error.message().to_owned())
                    }
                    _ => error,
                })?;
            // wire: a request stays pending, because nobody verifies integrations here (botpress-today.md §0.5)
            tx.conn
                .prepare_cached(REQUEST)?
                .execute(named_params! {":seq": found.seq, ":now": tx.now})?;
            audit::record(
                tx,
                &NewAuditRecord {
                    workspace: Some(workspace),
                    action: "integration.request_verification",
                    resource_id: id.as_str(),
                    resource_name: Some(&found.name),
                },
            )
        })
        .await
}
