//! Requests of the operator: with an operator key, or, in profile `dev`, from any user of a local page.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    admission::Admission,
    api_keys::{self, KeyKind, ValidKey},
    app::App,
    audit::Actor,
    request_auth::unauthenticated_error,
    write_tx::WriteTx,
};
use crate::kernel::{Result, ids::ApiKeyId, secret::TokenHash};

/// Context of an authenticated request of the operator.
pub struct OperatorContext {
    app: App,
    /// `None` if no key is required.
    admission: Option<Arc<Admission>>,
    key: Option<ApiKeyId>,
}

impl OperatorContext {
    /// Returns the application that serves the request.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Returns the admission of the request; `None` if no key is required.
    #[must_use]
    pub const fn admission(&self) -> Option<&Arc<Admission>> {
        self.admission.as_ref()
    }

    /// Returns the id of the operator key; `None` if no key is required.
    #[must_use]
    pub const fn key(&self) -> Option<&ApiKeyId> {
        self.key.as_ref()
    }

    /// Runs `job` in a write transaction for the operator, if the key is still valid in it.
    ///
    /// # Errors
    /// `Unauthenticated` if the key is revoked by then, errors of `job` (nothing is written then), and errors of the
    /// store.
    pub async fn run_write_tx<T: Send + 'static>(
        &self,
        job: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.app
            .run_write_tx_if_admitted(Actor::Operator, self.admission.clone(), job)
            .await
    }
}

impl App {
    /// Admits a request with an operator key.
    ///
    /// # Errors
    /// `Unauthenticated`, and errors of the store.
    pub fn admit_operator(&self, token: &str) -> Result<OperatorContext> {
        let hash = TokenHash::of(token);
        let call = self.admit_operator_key(|conn| api_keys::find_valid(conn, &hash))?;
        if let Some(key) = call.key() {
            self.record_key_use(key.clone(), self.clock().now());
        }
        Ok(call)
    }

    /// Admits a request of a session that was opened with the operator key with this id.
    ///
    /// # Errors
    /// `Unauthenticated` if the key is revoked, and errors of the store.
    pub fn admit_operator_session(&self, key: &ApiKeyId) -> Result<OperatorContext> {
        self.admit_operator_key(|conn| api_keys::find_valid_by_id(conn, key))
    }

    fn admit_operator_key(
        &self,
        find: impl FnOnce(&Connection) -> Result<Option<ValidKey>>,
    ) -> Result<OperatorContext> {
        let (generation, found) = self
            .store()
            .read(|conn| api_keys::read_with_generation(conn, find))?;
        let principal = found
            .filter(|principal| principal.kind == KeyKind::Operator)
            .ok_or_else(unauthenticated_error)?;
        let key = principal.key_id;
        Ok(OperatorContext {
            admission: Some(Admission::for_key(self, key.clone(), generation)),
            app: self.clone(),
            key: Some(key),
        })
    }

    /// Returns the context for a page that requires no key, as in profile `dev`.
    #[must_use]
    pub fn admit_operator_without_key(&self) -> OperatorContext {
        OperatorContext {
            app: self.clone(),
            admission: None,
            key: None,
        }
    }
}
