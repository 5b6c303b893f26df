//! The extractor of operator calls, which authenticate with an operator key.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::tenancy::operator::OperatorContext,
    http::{app, bearer_scheme, bearer_token, errors::Failure, record_admission},
    kernel::Error,
};

/// A call with an operator key.
pub struct Operator(pub OperatorContext);

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
        let call = authenticate(request).map_err(Failure)?;
        Ok(Self(call))
    }
}

fn authenticate(request: &Request) -> Result<OperatorContext, Error> {
    let call = app(request)?.admit_operator(bearer_token(request)?)?;
    record_admission(request, call.admission());
    Ok(call)
}
