//! `/api/platform_integrations/oauth`: tokens of installations. Errors are OAuth errors:
//! `{"error": "invalid_grant"}` (ada.md §1.5).

use std::collections::HashMap;

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, Enum, ExtractParamOptions, Object, OpenApi,
    payload::Json,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::{Example, Type},
};
use url::form_urlencoded;

use super::dto::EXAMPLE_ID;
use crate::{
    dialects::ada::{Settings, Tag, auth::InstallationSelfAuth, error::Failed},
    domain::{
        App,
        platform_integrations::{self as integrations, Credential, IssuedTokens, TokenError},
    },
    http::{app, body_memory::memory_share, errors::Failure, inflate::read_inflated},
    kernel::{Result, Secret},
};

/// Maximum size of a form, in bytes.
const FORM_MAX: usize = 16 * 1024;

/// Type of grant that is exchanged for tokens.
#[derive(Clone, Copy, Enum)]
#[oai(rename = "OAuthGrantType", rename_all = "snake_case")]
enum GrantType {
    AuthorizationCode,
    RefreshToken,
}

/// A request for tokens.
#[derive(Object)]
#[oai(rename = "OAuthTokenRequest", example, skip_serializing_if_is_none)]
struct TokenRequest {
    /// `authorization_code` or `refresh_token`.
    grant_type: GrantType,
    /// ID of the integration.
    client_id: String,
    /// Client secret of the integration, from the response to its creation.
    client_secret: String,
    /// For `authorization_code`: the code. It is valid for 5 minutes and works once.
    code: Option<String>,
    /// For `refresh_token`: the refresh token. It is valid for 30 days and works once.
    refresh_token: Option<String>,
}

impl Example for TokenRequest {
    fn example() -> Self {
        Self {
            grant_type: GrantType::AuthorizationCode,
            client_id: EXAMPLE_ID.to_owned(),
            client_secret: "YOUR_CLIENT_SECRET".to_owned(),
            code: Some("THE_CODE_OF_THE_CALLBACK".to_owned()),
            refresh_token: None,
        }
    }
}

/// Values of a submitted form. Parsing never fails, so that errors can be reported as OAuth errors.
struct TokenForm(HashMap<String, String>);

impl TokenForm {
    fn secret(&self, name: &str) -> Option<Secret> {
        let text = self.0.get(name).filter(|text| !text.is_empty())?;
        Some(Secret::new(text.as_str()))
    }
}

impl<'a> ApiExtractor<'a> for TokenForm {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        TokenRequest::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/x-www-form-urlencoded",
                schema: TokenRequest::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let (headers, share) = (request.headers(), memory_share(request));
        let bytes = read_inflated(headers, share, body.take()?, FORM_MAX).await;
        let bytes = bytes.unwrap_or_default();
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

/// Extractor of the [`App`], for an operation without authentication.
struct AppExtractor(App);

impl<'a> ApiExtractor<'a> for AppExtractor {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::PoemExtractor];

    type ParamType = ();
    type ParamRawType = ();

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let app = app(request).map_err(Failure)?;
        Ok(Self(app.clone()))
    }
}

/// Tokens of an installation.
#[derive(Object)]
#[oai(rename = "OAuthTokenResponse", example)]
struct TokenResponse {
    /// Token that authenticates calls to the API.
    access_token: String,
    /// Token that is exchanged for new tokens. It works once.
    refresh_token: String,
    /// Lifetime of the access token, in seconds.
    expires_in: u64,
    /// Type of the access token: `Bearer`.
    // wire: not published; RFC 6749 asks for it
    token_type: String,
    /// Secret of the installation. It signs the requests that Ada sends to the integration about this
    /// installation.
    client_secret: String,
}

impl Example for TokenResponse {
    fn example() -> Self {
        Self {
            access_token: "ada_at_AN_ACCESS_TOKEN".to_owned(),
            refresh_token: "ada_rt_A_REFRESH_TOKEN".to_owned(),
            expires_in: 3600,
            token_type: "Bearer".to_owned(),
            client_secret: "THE_SECRET_OF_THE_INSTALLATION".to_owned(),
        }
    }
}

impl From<IssuedTokens> for TokenResponse {
    fn from(tokens: IssuedTokens) -> Self {
        Self {
            access_token: tokens.access_token.expose().to_owned(),
            refresh_token: tokens.refresh_token.expose().to_owned(),
            expires_in: tokens.expires_in.as_secs(),
            token_type: "Bearer".to_owned(),
            client_secret: tokens.client_secret.expose().to_owned(),
        }
    }
}

/// An OAuth error.
#[derive(Object)]
#[oai(rename = "OAuthError", example)]
struct OAuthError {
    /// Code of the error: `invalid_request`, `invalid_client`, `invalid_grant` or `unsupported_grant_type`.
    error: String,
}

impl Example for OAuthError {
    fn example() -> Self {
        Self {
            error: "invalid_grant".to_owned(),
        }
    }
}

/// Response to a request for tokens.
#[derive(ApiResponse)]
enum TokenEndpointResponse {
    /// Tokens
    #[oai(status = 200)]
    Ok(
        Json<TokenResponse>,
        /// Tokens must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
    /// The request or the grant is invalid
    #[oai(status = 400)]
    BadRequest(Json<OAuthError>),
    /// The client ID or the client secret is wrong
    // wire: unpublished; RFC 6749 §5.2
    #[oai(status = 401)]
    Unauthorized(Json<OAuthError>),
}

fn error_response(error: &str) -> TokenEndpointResponse {
    let body = Json(OAuthError {
        error: error.to_owned(),
    });
    match error {
        "invalid_client" => TokenEndpointResponse::Unauthorized(body),
        _ => TokenEndpointResponse::BadRequest(body),
    }
}

/// Identity of an installation.
#[derive(Object)]
#[oai(example)]
struct OAuthSelf {
    /// ID of the installation.
    platform_integration_installation_id: String,
    /// ID of the installed integration.
    platform_integration_id: String,
    /// Handle of the agent that installed the integration.
    client_handle: String,
    /// Scopes of the token.
    scopes: Vec<String>,
}

impl Example for OAuthSelf {
    fn example() -> Self {
        Self {
            platform_integration_installation_id: "66f0c0ffee0000000000b001".to_owned(),
            platform_integration_id: EXAMPLE_ID.to_owned(),
            client_handle: "example".to_owned(),
            scopes: vec!["platform_integration_installations:read".to_owned()],
        }
    }
}

/// OpenAPI operations on tokens of installations.
pub struct OAuth {
    settings: Settings,
}

impl OAuth {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    async fn exchange(
        &self,
        app: &App,
        form: &TokenForm,
    ) -> Result<Result<IssuedTokens, &'static str>> {
        let used = match form.0.get("grant_type").map(String::as_str) {
            None => return Ok(Err("invalid_request")),
            Some("authorization_code") => form.secret("code").map(Credential::Code),
            Some("refresh_token") => form.secret("refresh_token").map(Credential::RefreshToken),
            Some(_) => return Ok(Err("unsupported_grant_type")),
        };
        let Some(used) = used else {
            return Ok(Err("invalid_request"));
        };
        let (Some(id), Some(secret)) = (form.0.get("client_id"), form.secret("client_secret"))
        else {
            return Ok(Err("invalid_client"));
        };
        let lifetimes = self.settings.lifetimes();
        let tokens =
            integrations::exchange(app, id.as_str().into(), secret, used, lifetimes).await?;
        Ok(tokens.map_err(|refusal| match refusal {
            TokenError::InvalidClient => "invalid_client",
            TokenError::InvalidGrant => "invalid_grant",
        }))
    }
}

#[OpenApi(tag = "Tag::IntegrationsOAuth")]
impl OAuth {
    /// Exchange a code or rotate a refresh token
    ///
    /// A code works once and for 5 minutes, a refresh token once and for 30 days. Reusing one revokes all
    /// tokens of the installation.
    #[oai(
        path = "/platform_integrations/oauth/token",
        method = "post",
        operation_id = "exchangeOAuthToken"
    )]
    async fn exchange_oauth_token(
        &self,
        here: AppExtractor,
        form: TokenForm,
    ) -> poem::Result<TokenEndpointResponse> {
        Ok(
            match self.exchange(&here.0, &form).await.map_err(Failure)? {
                Ok(tokens) => TokenEndpointResponse::Ok(Json(tokens.into()), "no-store".to_owned()),
                Err(error) => error_response(error),
            },
        )
    }

    /// Identify the installation behind an access token
    #[oai(
        path = "/platform_integrations/oauth/self",
        method = "get",
        operation_id = "getOAuthSelf"
    )]
    async fn get_oauth_self(
        &self,
        caller: InstallationSelfAuth,
    ) -> Result<Json<OAuthSelf>, Failed> {
        let grant = caller.0.grant()?;
        let scopes = grant.scopes.iter().map(|scope| scope.as_str().to_owned());
        Ok(Json(OAuthSelf {
            platform_integration_installation_id: grant.installation_id.to_string(),
            platform_integration_id: grant.integration_id.to_string(),
            client_handle: caller.0.agent()?.handle.clone(),
            scopes: scopes.collect(),
        }))
    }
}
