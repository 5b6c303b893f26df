//! Who calls: whoever has the token of the folder. It is checked before the body is read.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::retrieval::folders,
    http::{app, bearer, bearer_scheme, errors::Failure},
    kernel::Secret,
};

/// The name of the scheme in the document.
const BEARER: &str = "FolderToken";

/// The token of the folder that the path names.
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
        let app = app(request).map_err(Failure)?;
        let name = folder_in(request.original_uri().path());
        folders::require_token(app, name, token).map_err(Failure)?;
        Ok(Self(Secret::new(token)))
    }
}

/// The folder that a path names: `/folders/{name}/search`. No name needs to be encoded.
fn folder_in(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}
