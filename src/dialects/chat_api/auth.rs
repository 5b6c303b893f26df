//! Authentication extractors: anyone who knows the address of the installation, or the user whose key is in
//! the header `x-user-key`.

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use serde_json::Value;

use crate::{
    domain::{
        App,
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{AuthScope, RequestContext},
        },
        webchat,
    },
    http::errors::Failure,
    kernel::{Error, Result, Secret},
};

/// Header with the key of a user.
pub const USER_KEY_HEADER: &str = "x-user-key";

/// Name of the security scheme in the OpenAPI document.
const SCHEME: &str = "UserKey";

/// The installation that a request is addressed to, with the integration's token.
#[derive(Clone)]
pub struct InstallationContext {
    pub app: App,
    pub bot: String,
    pub integration: String,
    pub configuration: Value,
    pub token: Secret,
}

impl InstallationContext {
    /// Authenticates the integration with its own token.
    pub fn admit(&self) -> Result<RequestContext> {
        let place = AuthScope::Bot {
            bot: &self.bot,
            integration: Some(&self.integration),
        };
        let kinds = &[KeyKind::BotpressIntegration];
        let token = self.token.expose();
        self.app
            .admit_in_scope(&place, token, kinds, ApiClass::BotpressChat)
    }

    fn visit(&self) -> Result<webchat::WebchatRequest> {
        let call = self.admit()?;
        Ok(webchat::WebchatRequest::new(call, &self.configuration))
    }
}

fn find_installation(request: &Request) -> Result<&InstallationContext> {
    request
        .data::<InstallationContext>()
        .ok_or_else(|| Error::internal("the chat was asked by itself", "no installation"))
}

/// Returns the user key of the request; empty if there is none.
fn user_key(request: &Request) -> &str {
    request.header(USER_KEY_HEADER).unwrap_or_default()
}

fn register_scheme(registry: &mut Registry) {
    let scheme = MetaSecurityScheme {
        ty: "apiKey",
        description: Some("The key of a user: what createUser answers, or one you have signed."),
        name: Some(USER_KEY_HEADER),
        key_in: Some("header"),
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(SCHEME, scheme);
}

/// Accepts any request.
pub struct AnonymousAuth(pub webchat::WebchatRequest);

impl<'a> ApiExtractor<'a> for AnonymousAuth {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::PoemExtractor];

    type ParamType = ();
    type ParamRawType = ();

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let visit = find_installation(request).and_then(InstallationContext::visit);
        Ok(Self(visit.map_err(Failure)?))
    }
}

macro_rules! by_key {
    ($(#[$doc:meta])* pub struct $name:ident($($field:ty),+) = $make:expr) => {
        $(#[$doc])*
        pub struct $name($(pub $field),+);

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                register_scheme(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SCHEME]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let make: fn(&Request) -> Result<Self> = $make;
                Ok(make(request).map_err(Failure)?)
            }
        }
    };
}

by_key! {
    /// Authenticates a user by key.
    pub struct UserAuth(webchat::WebchatUserRequest) = |request| {
        let visit = find_installation(request)?.visit()?;
        Ok(Self(visit.authenticate(user_key(request))?))
    }
}

by_key! {
    /// Accepts a request with any user key. The key is not checked here, because its user may not exist yet.
    pub struct UserKeyAuth(webchat::WebchatRequest, Secret) = |request| {
        let visit = find_installation(request)?.visit()?;
        Ok(Self(visit, Secret::new(user_key(request))))
    }
}
