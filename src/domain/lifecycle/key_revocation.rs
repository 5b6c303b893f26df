//! Revocation of a key, together with the data that belongs to its owner.

use crate::{
    domain::{WriteTx, retrieval::connectors::authorization, tenancy::api_keys},
    kernel::{Result, ids::ApiKeyId},
};

/// Revokes a key. The next request with it is rejected, and the connector authorizations that its owner gave are
/// deleted.
///
/// # Errors
/// `NotFound` if the key does not exist or is already revoked, and errors of the store.
pub fn revoke(tx: &WriteTx<'_>, id: &ApiKeyId) -> Result<()> {
    api_keys::revoke(tx, id)?;
    authorization::delete_user_authorizations(tx, id)
}
