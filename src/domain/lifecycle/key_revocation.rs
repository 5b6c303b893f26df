//! Revoking a key together with everything that its holder had through it.

use crate::{
    domain::{Change, retrieval::connectors::authorization, tenancy::api_keys},
    kernel::{Result, ids::ApiKeyId},
};

/// Revokes a key. The next call with it is refused, and the authorizations of connectors that its holder gave are
/// deleted.
///
/// # Errors
/// `NotFound` if there is no such key or it is revoked already, or errors of the store.
pub fn revoke(change: &Change<'_>, id: &ApiKeyId) -> Result<()> {
    api_keys::revoke(change, id)?;
    authorization::forget_user(change, id)
}
