//! Authentication extractor: the token of a folder. It is checked before the body is read.

use poem::Request;

use crate::{
    domain::retrieval::folders,
    http::{Authenticated, Credential, SecurityScheme, app, bearer_token},
    kernel::{Result, Secret},
};

/// Authenticates a request with the token of the folder in the path.
pub type FolderAuth = Authenticated<FolderToken>;

/// The token of a folder.
pub struct FolderToken;

impl Credential for FolderToken {
    type Context = Secret;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![SecurityScheme::bearer(
            "FolderToken",
            "The token of the folder, as in the server's settings.",
        )]
    }

    fn authenticate(request: &Request) -> Result<Secret> {
        let token = bearer_token(request)?;
        let name = folder_name(request.original_uri().path());
        folders::require_token(app(request)?, name, token)?;
        Ok(Secret::new(token))
    }
}

/// Returns the folder in the path `/folders/{name}/search`. Folder names never need percent-encoding.
fn folder_name(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}
