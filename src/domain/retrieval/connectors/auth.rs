//! What calls to a connector are proven with: what of it is shown, and what is sealed.

use serde_json::{Value, json};

use crate::{
    domain::{shared::sql::text_enum, tenancy::sealed::SealedColumn},
    kernel::{Error, Result, Rule, Secret, Violation, ids::ConnectorId},
    store::Sealer,
};

/// How calls to a connector are proven, without the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Each user has authorized it at its provider.
    OAuth(OAuth),
    /// With one token for all, passed this way.
    Service(Scheme),
}

/// The provider of a connector that users authorize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth {
    /// Where a user's browser is sent. Its query string is kept.
    pub authorize_url: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: String,
    /// What is asked for.
    pub scope: Option<String>,
}

text_enum! {
    /// How a token is passed in the header `Authorization`.
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
    /// The value of the header.
    // wire: a Basic token is sent as given; whether the service encoded it is not published
    pub(super) fn header(self, token: &Secret) -> Secret {
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
    /// What this server is known as to the provider.
    OAuth {
        /// The client's id, which is encrypted at rest too.
        client_id: Secret,
        /// The client's secret.
        client_secret: Secret,
    },
    /// The token of `service_auth`.
    Service(Secret),
}

/// What is said of `oauth`. On registration all but the scope must be there.
#[derive(Debug, Clone, Default)]
pub struct NewOAuth {
    /// The client's id.
    pub client_id: Option<Secret>,
    /// The client's secret.
    pub client_secret: Option<Secret>,
    /// Where a user's browser is sent.
    pub authorize_url: Option<String>,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Option<String>,
    /// What is asked for.
    pub scope: Option<String>,
}

/// What is said of `service_auth`.
#[derive(Debug, Clone)]
pub struct ServiceAuth {
    /// How the token is passed.
    pub scheme: Scheme,
    /// The token.
    pub token: Secret,
}

/// What a connector is called with, shown and secret.
pub(super) type Proof = Option<(Auth, Credentials)>;

/// What it is called with after an update with `oauth` or `service_auth`.
pub(super) fn merge(
    old: Proof,
    oauth: Option<NewOAuth>,
    service: Option<ServiceAuth>,
) -> Result<Proof> {
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

fn merge_oauth(old: Proof, new: NewOAuth) -> Result<(Auth, Credentials)> {
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
    let client_id = required("client_id", new.client_id.or(old_id))?;
    let client_secret = required("client_secret", new.client_secret.or(old_secret))?;
    let oauth = OAuth {
        authorize_url: required("authorize_url", new.authorize_url.or(old_authorize))?,
        token_url: required("token_url", new.token_url.or(old_token))?,
        scope: new.scope.or(old_scope),
    };
    super::check::address(&["oauth", "authorize_url"], &oauth.authorize_url)?;
    super::check::address(&["oauth", "token_url"], &oauth.token_url)?;
    let credentials = Credentials::OAuth {
        client_id,
        client_secret,
    };
    Ok((Auth::OAuth(oauth), credentials))
}

/// The document's list of required members has names that do not exist; this is what is meant
/// (cohere.md §1 "CreateConnectorRequest").
fn required<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Violation::body(["oauth", name], Rule::Required).into())
}

/// A token must fit into a header.
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
    /// Its word in `auth_type`.
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
                "sealed credentials are not what they should be",
                "neither of both forms",
            )),
        }
    }
}
