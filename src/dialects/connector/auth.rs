//! Who calls: whoever has the token of the folder.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    http::{bearer, bearer_scheme, errors::Failure},
    kernel::Secret,
};

/// The name of the scheme in the document.
const BEARER: &str = "FolderToken";

/// A token that may be that of a folder: whether it is, the search checks.
pub struct FolderToken(pub Secret);

impl<'a> ApiExtractor<'a> for FolderToken {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            BEARER,
            bearer_scheme("The token of the folder, as in the server's settings."),
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![BEARER]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let token = bearer(request).map_err(Failure)?;
        Ok(Self(Secret::new(token)))
    }
}
