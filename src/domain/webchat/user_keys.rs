//! User keys of the chat: JWTs with HS256, as the vendor's client signs them. Keys that this server signs also
//! contain the user's own id, so a key gives no access to a later user with the same id in the chat.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hs256;
use crate::{
    domain::{bots::installations, tenancy::sealed_columns::SealedColumn},
    kernel::{Error, Kind, Result, Secret, Timestamp, ids::EndUserId, secret::new_hex_secret},
    store::Sealer,
};

/// Claims of a user key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Id of the user in the chat.
    pub(super) id: String,
    /// The user's own id; only in keys that this server signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<EndUserId>,
    /// Time of signing, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<f64>,
    /// Time of expiry, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<f64>,
    /// Time from which the key is valid, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<f64>,
}

impl Claims {
    /// True if the key belongs to this user.
    pub(super) fn belongs_to(&self, id: &EndUserId) -> bool {
        self.user.as_ref().is_none_or(|user| user == id)
    }

    /// Returns the time of expiry, if any.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time beyond the calendar is as good as its end"
    )]
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.exp
            .map(|end| Timestamp::from_micros((end * 1e6) as i64))
    }

    /// True if the key was signed for an existing user.
    pub(super) const fn has_user(&self) -> bool {
        self.user.is_some()
    }
}

/// Returns the error for any invalid key. It does not say why the key is invalid.
pub(super) fn invalid_key() -> Error {
    Error::new(Kind::Unauthenticated, "Invalid or missing x-user-key")
}

/// Signs a key of a user.
pub(super) fn sign(secret: &Secret, fid: &str, user: &EndUserId, now: Timestamp) -> Result<Secret> {
    let claims = Claims {
        id: fid.to_owned(),
        user: Some(user.clone()),
        iat: Some(to_seconds(now).floor()),
        exp: None,
        nbf: None,
    };
    sign_claims(secret, &claims)
        .map_err(|error| Error::internal("a user key cannot be signed", error))
}

fn sign_claims(secret: &Secret, claims: &Claims) -> jsonwebtoken::errors::Result<Secret> {
    hs256::install_provider();
    let key = EncodingKey::from_secret(secret.expose().as_bytes())?;
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map(Secret::new)
}

/// Verifies a key with this secret, and returns its claims.
pub(super) fn verify(secret: &Secret, key: &str, now: Timestamp) -> Result<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    // A key without `exp` never expires. Times are checked below, by the application clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    hs256::install_provider();
    let claims = DecodingKey::from_secret(secret.expose().as_bytes())
        .and_then(|secret| jsonwebtoken::decode::<Claims>(key, &secret, &validation))
        .map_err(|_| invalid_key())?
        .claims;
    let now = to_seconds(now);
    if claims.exp.is_some_and(|end| end <= now) || claims.nbf.is_some_and(|begin| begin > now) {
        return Err(invalid_key());
    }
    Ok(claims)
}

#[expect(clippy::cast_precision_loss, reason = "JWTs have seconds as numbers")]
fn to_seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

const FIND: &str = "SELECT sealed FROM webchat_keys WHERE installation_seq = :seq";

/// Returns this server's signing secret of an installation.
pub(super) fn find_secret(
    conn: &Connection,
    sealer: &Sealer,
    installation: i64,
) -> Result<Option<Secret>> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":seq": installation}, |row| row.get(0))
        .optional()?;
    let Some(sealed) = sealed else {
        return Ok(None);
    };
    let opened = SealedColumn::WebchatKey
        .open(sealer, &installation.to_string(), &sealed)
        .map_err(|error| Error::internal("a sealed key cannot be decrypted", error))?;
    let text = String::from_utf8(opened)
        .map_err(|error| Error::internal("a sealed key is not UTF-8", error))?;
    Ok(Some(Secret::new(text)))
}

const CONFIGURATION: &str =
    "SELECT webhook_id, configuration FROM bot_integrations WHERE seq = :seq AND enabled";

/// Returns the present signing secret of an installation: its owner's if configured, else this server's; `None`
/// if the installation does not exist or is disabled.
pub(super) fn find_current_secret(
    conn: &Connection,
    sealer: &Sealer,
    installation: i64,
) -> Result<Option<Secret>> {
    let configured: Option<(String, Vec<u8>)> = conn
        .prepare_cached(CONFIGURATION)?
        .query_row(named_params! {":seq": installation}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((webhook, sealed)) = configured else {
        return Ok(None);
    };
    let configuration = installations::open_configuration(sealer, &webhook, &sealed)?;
    match parse_owner_secret(configuration.get("encryptionKey")) {
        Some(own) => Ok(Some(own)),
        None => find_secret(conn, sealer, installation),
    }
}

/// Parses the owner's signing secret from the installation's configuration.
pub(super) fn parse_owner_secret(configured: Option<&Value>) -> Option<Secret> {
    let key = configured.and_then(Value::as_str);
    key.filter(|key| !key.is_empty()).map(Secret::new)
}

const INSERT: &str = "INSERT INTO webchat_keys (installation_seq, sealed) VALUES (:seq, :sealed)";

/// Returns this server's signing secret of an installation; creates it at first use.
pub(super) fn ensure_secret(
    conn: &Connection,
    sealer: &Sealer,
    installation: i64,
) -> Result<Secret> {
    if let Some(known) = find_secret(conn, sealer, installation)? {
        return Ok(known);
    }
    let secret = new_hex_secret();
    let sealed = SealedColumn::WebchatKey.seal(
        sealer,
        &installation.to_string(),
        secret.expose().as_bytes(),
    );
    conn.prepare_cached(INSERT)?
        .execute(named_params! {":seq": installation, ":sealed": sealed})?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_micros(1_000_000_000)
    }

    #[test]
    fn only_the_right_secret_and_algorithm_are_taken() {
        let (one, other) = (Secret::new("one"), Secret::new("other"));
        let user = EndUserId::from("u");
        let key = sign(&one, "ann", &user, now()).expect("a key");
        let claims = verify(&one, key.expose(), now()).expect("claims");
        assert_eq!(claims.id, "ann");
        assert!(claims.belongs_to(&user) && !claims.belongs_to(&"other".into()));
        assert!(verify(&other, key.expose(), now()).is_err());
        assert!(verify(&one, "", now()).is_err());
        // {"alg":"none"} with the same claims.
        let body = key.expose().split('.').nth(1).expect("a body");
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        assert!(verify(&one, &unsigned, now()).is_err());
    }

    #[test]
    fn a_key_keeps_to_its_time() {
        let secret = Secret::new("one");
        let key = |exp: Option<f64>, nbf: Option<f64>| {
            let claims = Claims {
                id: "ann".to_owned(),
                user: None,
                iat: None,
                exp,
                nbf,
            };
            sign_claims(&secret, &claims).expect("a key")
        };
        for (exp, nbf, good) in [
            (None, None, true),
            (Some(1001.0), Some(1000.0), true),
            (Some(1000.0), None, false),
            (None, Some(1001.0), false),
        ] {
            let verified = verify(&secret, key(exp, nbf).expose(), now());
            assert_eq!(verified.is_ok(), good, "{exp:?} {nbf:?}");
        }
    }
}
