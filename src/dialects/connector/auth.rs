//! Authentication extractor: the token of a folder. It is checked before the body is read.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::retrieval::folders,
    http::{app, bearer_scheme, bearer_token, errors::Failure},
    kernel::Secret,
};

/// Name of the security scheme in the OpenAPI document.
const BEARER: &str = "FolderToken";

/// Authenticates a request with the token of the folder in the path.
pub struct FolderAuth(pub Secret);

impl<'a> ApiExtractor<'a> for FolderAuth {
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
        let token = bearer_token(request).map_err(Failure)?;
        let app = app(request).map_err(Failure)?;
        let name = folder_name(request.original_uri().path());
        folders::require_token(app, name, token).map_err(Failure)?;
        Ok(Self(Secret::new(token)))
    }
}

/// Returns the folder in the path `/folders/{name}/search`. Folder names never need percent-encoding.
fn folder_name(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}
