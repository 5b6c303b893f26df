//! Calls of the operator: the holder of an operator key, or, in profile `dev`, whoever uses a page.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    admission::Admission,
    api_keys::{self, KeyKind, Principal},
    app::App,
    audit::Actor,
    request_auth::unauthenticated,
    write_tx::Change,
};
use crate::kernel::{Result, ids::ApiKeyId, secret::TokenHash};

/// An authenticated call of the operator.
pub struct OperatorCall {
    app: App,
    /// None where no key is asked for.
    admission: Option<Arc<Admission>>,
    key: Option<ApiKeyId>,
}

impl OperatorCall {
    /// The domain that the call is made to.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// The admission of the call; none where no key is asked for.
    #[must_use]
    pub const fn admission(&self) -> Option<&Arc<Admission>> {
        self.admission.as_ref()
    }

    /// The key that was shown; none where no key is asked for.
    #[must_use]
    pub const fn key(&self) -> Option<&ApiKeyId> {
        self.key.as_ref()
    }

    /// Makes a change for the operator, if the key is still valid when it is made.
    ///
    /// # Errors
    /// `Unauthenticated` for a key that is revoked by then; that of `job`, after which nothing is
    /// changed, or of the store.
    pub async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Change<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.app
            .change_by(Actor::Operator, self.admission.clone(), job)
            .await
    }
}

impl App {
    /// Admits a call with an operator key.
    ///
    /// # Errors
    /// `Unauthenticated`, or those of the store.
    pub fn admit_operator(&self, token: &str) -> Result<OperatorCall> {
        let hash = TokenHash::of(token);
        let call = self.operator_with(|conn| api_keys::find_valid(conn, &hash))?;
        if let Some(key) = call.key() {
            self.note_use(key.clone(), self.clock().now());
        }
        Ok(call)
    }

    /// Admits a call of a session that has shown the operator key with this id.
    ///
    /// # Errors
    /// `Unauthenticated` once the key is revoked, or those of the store.
    pub fn readmit_operator(&self, key: &ApiKeyId) -> Result<OperatorCall> {
        self.operator_with(|conn| api_keys::find_valid_by_id(conn, key))
    }

    fn operator_with(
        &self,
        find: impl FnOnce(&Connection) -> Result<Option<Principal>>,
    ) -> Result<OperatorCall> {
        let (generation, found) = self
            .store()
            .read(|conn| api_keys::in_generation(conn, find))?;
        let principal = found
            .filter(|principal| principal.kind == KeyKind::Operator)
            .ok_or_else(unauthenticated)?;
        let key = principal.key_id;
        Ok(OperatorCall {
            admission: Some(Admission::of_key(self, key.clone(), generation)),
            app: self.clone(),
            key: Some(key),
        })
    }

    /// A call of whoever uses a page that asks for no key, as in profile `dev`.
    #[must_use]
    pub fn operator_without_key(&self) -> OperatorCall {
        OperatorCall {
            app: self.clone(),
            admission: None,
            key: None,
        }
    }
}
