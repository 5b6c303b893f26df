//! The authentication extractor that all dialects share.

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::errors::Failure;
use crate::kernel::Result;

/// A kind of credential: how a request carries it, and who calls with it.
pub trait Credential {
    /// The value that handlers get.
    type Context: Send;

    /// Returns the security schemes of the OpenAPI document. Any one of them is enough. Operations without a scheme
    /// are public in the document.
    fn security_schemes() -> Vec<SecurityScheme>;

    /// Authenticates a request. Its body is not read yet.
    ///
    /// # Errors
    /// The error that the client gets, such as `Unauthenticated`, `Forbidden` or `RateLimited`.
    fn authenticate(request: &Request) -> Result<Self::Context>;
}

/// Extracts the caller of a request that has this credential. Each dialect names its own with `pub type`.
pub struct Authenticated<C: Credential>(pub C::Context);

impl<'a, C: Credential> ApiExtractor<'a> for Authenticated<C> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        for scheme in C::security_schemes() {
            registry.create_security_scheme(scheme.name, scheme.meta);
        }
    }

    fn security_schemes() -> Vec<&'static str> {
        let schemes = C::security_schemes().into_iter();
        schemes.map(|scheme| scheme.name).collect()
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let caller = C::authenticate(request).map_err(Failure)?;
        Ok(Self(caller))
    }
}

/// A security scheme of an OpenAPI document.
pub struct SecurityScheme {
    name: &'static str,
    meta: MetaSecurityScheme,
}

impl SecurityScheme {
    /// Creates the scheme of a bearer token in the header `Authorization`.
    #[must_use]
    pub const fn bearer(name: &'static str, description: &'static str) -> Self {
        let meta = MetaSecurityScheme {
            ty: "http",
            description: Some(description),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        Self { name, meta }
    }

    /// Creates the scheme of a key in a header of its own.
    #[must_use]
    pub const fn header(
        name: &'static str,
        header: &'static str,
        description: &'static str,
    ) -> Self {
        let meta = MetaSecurityScheme {
            ty: "apiKey",
            description: Some(description),
            name: Some(header),
            key_in: Some("header"),
            scheme: None,
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        Self { name, meta }
    }
}
