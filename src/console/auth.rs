//! Who calls: the holder of an operator key.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::Domain,
    http::{bearer, bearer_scheme, domain, errors::Failure},
    kernel::Error,
};

/// A call of the operator to a domain.
pub struct Operator(pub Domain);

impl<'a> ApiExtractor<'a> for Operator {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme("OperatorKey", bearer_scheme("An operator key."));
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["OperatorKey"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let domain = authenticate(request).map_err(Failure)?;
        Ok(Self(domain))
    }
}

fn authenticate(request: &Request) -> Result<Domain, Error> {
    let domain = domain(request)?;
    domain.authenticate_operator(bearer(request)?)?;
    Ok(domain.clone())
}
