//! Who calls: the holder of an operator key.

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use crate::{
    domain::Domain,
    http::{bearer, errors::Failure},
    kernel::Error,
};

/// A call of the operator to a domain.
pub struct Operator(pub Domain);

impl<'a> ApiExtractor<'a> for Operator {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "OperatorKey",
            MetaSecurityScheme {
                ty: "http",
                description: Some("An operator key."),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
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
    let domain = request
        .data::<Domain>()
        .ok_or_else(|| Error::internal("the console was mounted without a domain", "no data"))?;
    domain.authenticate_operator(bearer(request)?)?;
    Ok(domain.clone())
}
