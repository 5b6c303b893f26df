//! Authentication of calls to a connector: the public part, and the credentials that are sealed.

use serde_json::{Value, json};

use crate::{
    domain::{shared::sql::text_enum, tenancy::sealed_columns::SealedColumn},
    kernel::{Error, Result, Rule, Secret, Violation, ids::ConnectorId},
    store::Sealer,
};

/// Authentication of calls to a connector, without the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// OAuth 2.0: each user authorizes the connector at its provider.
    OAuth(OAuth),
    /// One token for all callers, sent with this scheme.
    Service(Scheme),
}

/// The OAuth provider of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth {
    /// Authorization endpoint, to which the user's browser goes. Its query string is kept.
    pub authorize_url: String,
    /// Token endpoint, which exchanges codes and refresh tokens.
    pub token_url: String,
    /// Scope to request.
    pub scope: Option<String>,
}

text_enum! {
    /// Format of a token in the header `Authorization`.
    pub enum Scheme {
        /// `Bearer <token>`
        Bearer = "bearer",
        /// `Basic <token>`
        Basic = "basic",
        /// `<token>`
        NoScheme = "noscheme",
    }
}

impl Scheme {
    /// Returns the value of the header.
    // wire: a Basic token is sent unchanged; it is not published whether the vendor's service
    // encodes it
    pub(super) fn header_value(self, token: &Secret) -> Secret {
        let prefix = match self {
            Self::Bearer => "Bearer ",
            Self::Basic => "Basic ",
            Self::NoScheme => "",
        };
        Secret::new(format!("{prefix}{}", token.expose()))
    }
}

/// The secrets of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// This server's OAuth client at the provider.
    OAuth {
        /// Client id. It is sealed too.
        client_id: Secret,
        /// Client secret.
        client_secret: Secret,
    },
    /// The token of `service_auth`.
    Service(Secret),
}

/// New values for `oauth`. On registration every member but the scope is required.
#[derive(Debug, Clone, Default)]
pub struct NewOAuth {
    /// Client id.
    pub client_id: Option<Secret>,
    /// Client secret.
    pub client_secret: Option<Secret>,
    /// Authorization endpoint, to which the user's browser goes.
    pub authorize_url: Option<String>,
    /// Token endpoint, which exchanges codes and refresh tokens.
    pub token_url: Option<String>,
    /// Scope to request.
    pub scope: Option<String>,
}

/// New values for `service_auth`.
#[derive(Debug, Clone)]
pub struct ServiceAuth {
    /// Format of the token in the header.
    pub scheme: Scheme,
    /// The token.
    pub token: Secret,
}

/// Authentication of a connector with its credentials; none for a connector without authentication.
pub(super) type AuthWithCredentials = Option<(Auth, Credentials)>;

/// Returns the authentication after an update with `oauth` or `service_auth`.
///
/// # Errors
/// `Invalid` if both are given, a required member is missing, or a value is not valid.
pub(super) fn merge_auth(
    old: AuthWithCredentials,
    oauth: Option<NewOAuth>,
    service: Option<ServiceAuth>,
) -> Result<AuthWithCredentials> {
    match (oauth, service) {
        (Some(_), Some(_)) => Err(Error::invalid(
            "oauth and service_auth cannot be specified together",
        )),
        (None, None) => Ok(old),
        (None, Some(service)) => {
            check_header("service_auth.token", &service.token)?;
            let credentials = Credentials::Service(service.token);
            Ok(Some((Auth::Service(service.scheme), credentials)))
        }
        (Some(new), None) => merge_oauth(old, new).map(Some),
    }
}

fn merge_oauth(old: AuthWithCredentials, new: NewOAuth) -> Result<(Auth, Credentials)> {
    let (old, old_id, old_secret) = match old {
        Some((
            Auth::OAuth(old),
            Credentials::OAuth {
                client_id,
                client_secret,
            },
        )) => (Some(old), Some(client_id), Some(client_secret)),
        _ => (None, None, None),
    };
    let (old_authorize, old_token, old_scope) = match old {
        Some(old) => (Some(old.authorize_url), Some(old.token_url), old.scope),
        None => (None, None, None),
    };
    let client_id = require_member("client_id", new.client_id.or(old_id))?;
    let client_secret = require_member("client_secret", new.client_secret.or(old_secret))?;
    let oauth = OAuth {
        authorize_url: require_member("authorize_url", new.authorize_url.or(old_authorize))?,
        token_url: require_member("token_url", new.token_url.or(old_token))?,
        scope: new.scope.or(old_scope),
    };
    super::check::check_url(&["oauth", "authorize_url"], &oauth.authorize_url)?;
    super::check::check_url(&["oauth", "token_url"], &oauth.token_url)?;
    let credentials = Credentials::OAuth {
        client_id,
        client_secret,
    };
    Ok((Auth::OAuth(oauth), credentials))
}

/// Returns the value, or an error if it is missing. The specification's list of required members
/// contains names that do not exist; the members checked here are its intent (cohere.md §1
/// "CreateConnectorRequest").
fn require_member<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Violation::body(["oauth", name], Rule::Required).into())
}

/// Checks that a token fits into a header.
fn check_header(field: &str, token: &Secret) -> Result<()> {
    let text = token.expose();
    let fits = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if fits {
        return Ok(());
    }
    let rule = Rule::Other("must be visible ASCII characters, at least one".to_owned());
    Err(Violation::body(field.split('.'), rule).into())
}

impl Auth {
    /// Returns the value of `auth_type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OAuth(_) => "oauth",
            Self::Service(_) => "service_auth",
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::OAuth(oauth) => json!({
                "authorize_url": oauth.authorize_url,
                "token_url": oauth.token_url,
                "scope": oauth.scope,
            }),
            Self::Service(scheme) => json!({"type": scheme}),
        }
    }

    pub(super) fn from_json(kind: &str, value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(match kind {
            "oauth" => Self::OAuth(OAuth {
                authorize_url: text("authorize_url")?,
                token_url: text("token_url")?,
                scope: text("scope"),
            }),
            _ => Self::Service(Scheme::parse(value["type"].as_str()?)?),
        })
    }
}

impl Credentials {
    pub(super) fn seal(&self, sealer: &Sealer, id: &ConnectorId) -> Vec<u8> {
        let value = match self {
            Self::OAuth {
                client_id,
                client_secret,
            } => json!({"client_id": client_id.expose(), "client_secret": client_secret.expose()}),
            Self::Service(token) => json!({"token": token.expose()}),
        };
        let text = value.to_string();
        SealedColumn::ConnectorCredentials.seal(sealer, id.as_str(), text.as_bytes())
    }

    pub(super) fn open(sealer: &Sealer, id: &ConnectorId, sealed: &[u8]) -> Result<Self> {
        let text = SealedColumn::ConnectorCredentials.open(sealer, id.as_str(), sealed)?;
        let value: Value = serde_json::from_slice(&text)
            .map_err(|error| Error::internal("sealed credentials cannot be read", error))?;
        let secret = |name: &str| value[name].as_str().map(Secret::new);
        match (
            secret("client_id"),
            secret("client_secret"),
            secret("token"),
        ) {
            (Some(client_id), Some(client_secret), _) => Ok(Self::OAuth {
                client_id,
                client_secret,
            }),
            (_, _, Some(token)) => Ok(Self::Service(token)),
            _ => Err(Error::internal(
                "sealed credentials have an unknown form",
                "neither OAuth nor service credentials",
            )),
        }
    }
}
