//! What is mounted with every endpoint.

use poem::Request;

use crate::{
    domain::Domain,
    kernel::{Error, Result},
};

/// The domain that an endpoint is mounted with.
///
/// # Errors
/// `Internal` for an endpoint that is mounted without one.
pub fn domain(request: &Request) -> Result<&Domain> {
    request
        .data::<Domain>()
        .ok_or_else(|| Error::internal("an endpoint was mounted without a domain", "no data"))
}
