//! Client of a provider's token endpoint: exchanges codes and refresh tokens for access tokens
//! (RFC 6749 §4.1.3, §6).

use std::{collections::HashMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize, parse};

use crate::{
    domain::{
        App,
        retrieval::connectors::{Auth, Connector, Credentials, OAuth},
    },
    kernel::{Error, Result, Secret},
    net::outbound::{OutboundRequest, OutboundResponse},
};

/// Maximum time for a provider's response.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum size of a response, in bytes.
const ANSWER_MAX: usize = 64 * 1024;
/// Maximum number of characters kept of an error description.
const DESCRIPTION_MAX: usize = 200;

/// This server's OAuth client at a provider.
pub(super) struct OAuthClient {
    pub(super) oauth: OAuth,
    id: Secret,
    secret: Secret,
}

/// Tokens that a provider issued.
pub(super) struct TokenGrant {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
    pub(super) expires_in: Option<Duration>,
}

/// Reason for a response without tokens. The messages contain no secret.
#[derive(Debug)]
pub(super) enum TokenError {
    /// The code or refresh token is invalid or expired.
    InvalidGrant(String),
    /// The provider does not accept this client or its request.
    InvalidClient(String),
    /// The provider did not respond, or not as a token endpoint. The grant may still be valid.
    Unavailable(String),
}

impl TokenError {
    pub(super) fn message(&self) -> &str {
        match self {
            Self::InvalidGrant(text) | Self::InvalidClient(text) | Self::Unavailable(text) => text,
        }
    }
}

impl OAuthClient {
    /// Returns the client of a connector with OAuth.
    ///
    /// # Errors
    /// `Invalid` for a connector without OAuth, `Internal` if the credentials cannot be opened.
    pub(super) fn for_connector(app: &App, connector: &Connector) -> Result<Self> {
        let (Some(Auth::OAuth(oauth)), Some(sealed)) = (&connector.auth, &connector.credentials)
        else {
            return Err(Error::invalid(format!(
                "connector '{}' has no oauth configuration",
                connector.id
            )));
        };
        match Credentials::open(app.sealer(), &connector.id, sealed)? {
            Credentials::OAuth {
                client_id,
                client_secret,
            } => Ok(Self {
                oauth: oauth.clone(),
                id: client_id,
                secret: client_secret,
            }),
            Credentials::Service(_) => Err(Error::internal(
                "the credentials of a connector do not match its auth_type",
                "a token",
            )),
        }
    }

    pub(super) const fn id(&self) -> &Secret {
        &self.id
    }

    /// Requests tokens. Client id and secret are in the form, which all known providers accept. If
    /// a provider refuses the client, the request is repeated with HTTP Basic.
    pub(super) async fn request_tokens(
        &self,
        app: &App,
        grant: &[(&str, &str)],
    ) -> Result<TokenGrant, TokenError> {
        let client_credentials = [
            ("client_id", self.id.expose()),
            ("client_secret", self.secret.expose()),
        ];
        let form = encode_form(grant.iter().chain(&client_credentials));
        match self.post(app, form, None).await {
            Err(TokenError::InvalidClient(_)) => {}
            decided => return decided,
        }
        let encode = |text: &Secret| byte_serialize(text.expose().as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&self.id), encode(&self.secret));
        let basic = format!("Basic {}", STANDARD.encode(pair));
        self.post(app, self::encode_form(grant), Some(basic)).await
    }

    async fn post(
        &self,
        app: &App,
        form: String,
        authorization: Option<String>,
    ) -> Result<TokenGrant, TokenError> {
        let content_type = "application/x-www-form-urlencoded".to_owned();
        let mut headers = vec![
            ("content-type".to_owned(), content_type),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
        let request = OutboundRequest {
            method: "POST",
            url: app.connector_settings().map_host(&self.oauth.token_url),
            headers,
            body: form.into_bytes(),
            timeout: TIMEOUT,
            max_response: ANSWER_MAX,
        };
        match app.outbound().send(request).await {
            Ok(answer) => parse_response(&answer),
            Err(error) => Err(TokenError::Unavailable(format!(
                "the provider cannot be reached: {error}"
            ))),
        }
    }
}

fn encode_form<'a>(pairs: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    Serializer::new(String::new())
        .extend_pairs(pairs.into_iter().copied())
        .finish()
}

/// Parses a response. Providers differ: an error may come with status 200, and the body may be a
/// form instead of JSON.
fn parse_response(answer: &OutboundResponse) -> Result<TokenGrant, TokenError> {
    let status = answer.status;
    let body = parse_members(&answer.body);
    let text = |name: &str| body.get(name).filter(|text| !text.is_empty());
    if let Some(error) = text("error") {
        let description = text("error_description").map_or("", String::as_str);
        let message = to_single_line(&format!("{error} {description}"));
        let message = format!("the provider answered {status} {message}");
        return Err(match error.as_str() {
            "invalid_grant" | "access_denied" => TokenError::InvalidGrant(message),
            _ if status >= 500 => TokenError::Unavailable(message),
            _ => TokenError::InvalidClient(message),
        });
    }
    match (status, text("access_token")) {
        (200..=299, Some(access)) => Ok(TokenGrant {
            access_token: Secret::new(access.as_str()),
            refresh_token: text("refresh_token").map(|token| Secret::new(token.as_str())),
            expires_in: text("expires_in")
                .and_then(|seconds| seconds.parse::<f64>().ok())
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        }),
        (400, _) => Err(TokenError::InvalidGrant(format!(
            "the provider answered {status}"
        ))),
        (401 | 403, _) => Err(TokenError::InvalidClient(format!(
            "the provider answered {status}"
        ))),
        (200..=299, None) => Err(TokenError::Unavailable(
            "the provider answered without an access token".to_owned(),
        )),
        _ => Err(TokenError::Unavailable(format!(
            "the provider answered {status}"
        ))),
    }
}

/// Returns the members of a response that are texts or numbers. Slack puts the grant of a user's
/// scopes into `authed_user`; its members count if the response has no token of its own.
fn parse_members(body: &[u8]) -> HashMap<String, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut members)) => {
            let user = members.remove("authed_user");
            if let Some(Value::Object(user)) = user
                && user.contains_key("access_token")
                && !members.contains_key("access_token")
            {
                members.extend(user);
            }
            members
                .into_iter()
                .filter_map(|(name, value)| match value {
                    Value::String(text) => Some((name, text)),
                    Value::Number(number) => Some((name, number.to_string())),
                    _ => None,
                })
                .collect()
        }
        _ => parse(body).into_owned().collect(),
    }
}

/// Returns the beginning of a provider's message on one line.
pub(super) fn to_single_line(text: &str) -> String {
    let line: String = text
        .chars()
        .take(DESCRIPTION_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<TokenGrant, TokenError> {
        parse_response(&OutboundResponse {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            truncated: false,
        })
    }

    #[test]
    fn tokens_are_read_in_each_form() {
        for body in [
            r#"{"access_token": "a", "refresh_token": "r", "expires_in": 3600}"#,
            r#"{"access_token": "a", "refresh_token": "r", "expires_in": "3600"}"#,
            "access_token=a&refresh_token=r&expires_in=3600",
            r#"{"ok": true, "authed_user": {"id": "U1", "access_token": "a", "refresh_token": "r", "expires_in": 3600}}"#,
            r#"{"access_token": "a", "refresh_token": "r", "expires_in": 3600, "authed_user": {"access_token": "b"}}"#,
        ] {
            let granted = answer(200, body).unwrap_or_else(|refusal| panic!("{refusal:?}"));
            assert_eq!(granted.access_token.expose(), "a");
            assert_eq!(granted.refresh_token, Some(Secret::new("r")));
            assert_eq!(granted.expires_in, Some(Duration::from_secs(3600)));
        }
        let bare = answer(200, r#"{"access_token": "a", "expires_in": -1}"#);
        assert!(bare.is_ok_and(|granted| granted.expires_in.is_none()));
    }

    #[test]
    fn refusals_are_told_apart() {
        let grant = |answer: Result<TokenGrant, TokenError>| {
            matches!(answer, Err(TokenError::InvalidGrant(_)))
        };
        let client = |answer: Result<TokenGrant, TokenError>| {
            matches!(answer, Err(TokenError::InvalidClient(_)))
        };
        let none = |answer: Result<TokenGrant, TokenError>| {
            matches!(answer, Err(TokenError::Unavailable(_)))
        };
        assert!(grant(answer(400, r#"{"error": "invalid_grant"}"#)));
        assert!(grant(answer(400, "<html>")));
        assert!(client(answer(401, r#"{"error": "invalid_client"}"#)));
        assert!(client(answer(401, "")));
        assert!(client(answer(200, "error=incorrect_client_credentials")));
        assert!(none(answer(500, r#"{"error": "server_error"}"#)));
        assert!(none(answer(502, "<html>")));
        assert!(none(answer(200, "{}")));
        assert!(none(answer(302, "")));
    }
}
