//! `/check-api-key`: clients before version 5 call this before any other operation.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, auth::OrganizationAuth, error::Failed};

/// A valid key.
#[derive(Object)]
#[oai(example)]
struct CheckApiKeyResponse {
    /// Always true; for an invalid key the response is 401.
    valid: bool,
    /// ID of the organization that the key belongs to.
    organization_id: String,
    /// ID of the key, which is the user for OAuth authorization of connectors.
    owner_id: String,
}

impl Example for CheckApiKeyResponse {
    fn example() -> Self {
        Self {
            valid: true,
            organization_id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            owner_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
        }
    }
}

/// OpenAPI operation on API keys.
pub struct CheckApiKey;

#[OpenApi(tag = "Tag::Keys")]
impl CheckApiKey {
    /// Check an API key
    ///
    /// Checks that the API key in the Authorization header is active and valid.
    #[oai(path = "/check-api-key", method = "post", operation_id = "checkApiKey")]
    async fn check_api_key(
        &self,
        user: OrganizationAuth,
    ) -> Result<Json<CheckApiKeyResponse>, Failed> {
        Ok(Json(CheckApiKeyResponse {
            valid: true,
            organization_id: user.0.workspace().to_string(),
            owner_id: user.0.principal().key_id.to_string(),
        }))
    }
}
