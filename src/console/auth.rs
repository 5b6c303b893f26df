//! The extractor of operator calls, which authenticate with an operator key.

use poem::Request;

use crate::{
    domain::tenancy::operator::OperatorContext,
    http::{Authenticated, Credential, SecurityScheme, app, bearer_token, record_admission},
    kernel::Result,
};

/// A call with an operator key.
pub type Operator = Authenticated<OperatorKey>;

/// An operator key.
pub struct OperatorKey;

impl Credential for OperatorKey {
    type Context = OperatorContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![SecurityScheme::bearer("OperatorKey", "An operator key.")]
    }

    fn authenticate(request: &Request) -> Result<OperatorContext> {
        let call = app(request)?.admit_operator(bearer_token(request)?)?;
        record_admission(request, call.admission());
        Ok(call)
    }
}
