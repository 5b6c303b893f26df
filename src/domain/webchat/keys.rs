//! User keys: JWTs with HS256, as the vendor's client makes them. Those that this server signs also say
//! which user it was, so that a key does not open what somebody else makes later under the same id.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::{bots::installations, tenancy::sealed::SealedColumn},
    kernel::{Error, Kind, Result, Secret, Timestamp, ids::EndUserId, secret::new_hex_secret},
    store::Sealer,
};

/// What a key says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    /// What the user is known by in the chat.
    pub(super) id: String,
    /// The user itself, in keys that this server has signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<EndUserId>,
    /// When it was signed, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<f64>,
    /// When it ends, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<f64>,
    /// When it begins, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<f64>,
}

impl Claims {
    /// Whether this user is meant.
    pub(super) fn is_of(&self, id: &EndUserId) -> bool {
        self.user.as_ref().is_none_or(|user| user == id)
    }

    /// When it ends, if it does.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time beyond the calendar is as good as its end"
    )]
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        self.exp
            .map(|end| Timestamp::from_micros((end * 1e6) as i64))
    }

    /// Whether it was signed for a user that was there.
    pub(super) const fn is_of_someone(&self) -> bool {
        self.user.is_some()
    }
}

/// The one answer to a key that is not good: it tells nothing about why.
pub(super) fn invalid() -> Error {
    Error::new(Kind::Unauthenticated, "Invalid or missing x-user-key")
}

/// A key of a user.
pub(super) fn sign(secret: &Secret, fid: &str, user: &EndUserId, now: Timestamp) -> Result<Secret> {
    let claims = Claims {
        id: fid.to_owned(),
        user: Some(user.clone()),
        iat: Some(seconds(now).floor()),
        exp: None,
        nbf: None,
    };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map(Secret::new)
        .map_err(|error| Error::internal("a user key cannot be signed", error))
}

/// What a key says that was signed with this secret.
pub(super) fn verify(secret: &Secret, key: &str, now: Timestamp) -> Result<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    // What has no end does not end; and time is the product's own, see below.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let secret = DecodingKey::from_secret(secret.expose().as_bytes());
    let decoded = jsonwebtoken::decode::<Claims>(key, &secret, &validation);
    let claims = decoded.map_err(|_| invalid())?.claims;
    let now = seconds(now);
    if claims.exp.is_some_and(|end| end <= now) || claims.nbf.is_some_and(|begin| begin > now) {
        return Err(invalid());
    }
    Ok(claims)
}

#[expect(clippy::cast_precision_loss, reason = "JWTs have seconds as numbers")]
fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

const FIND: &str = "SELECT sealed FROM webchat_keys WHERE installation_seq = :seq";

/// What the keys of an installation's users are signed with.
pub(super) fn find(
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
        .map_err(|error| Error::internal("a sealed key does not open", error))?;
    let text = String::from_utf8(opened)
        .map_err(|error| Error::internal("a sealed key is no text", error))?;
    Ok(Some(Secret::new(text)))
}

const CONFIGURATION: &str =
    "SELECT webhook_id, configuration FROM bot_integrations WHERE seq = :seq AND enabled";

/// What the keys of an installation's users are to be signed with now: the key of its owner, or that of
/// this server; none if it is gone.
pub(super) fn current(
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
    let configuration = installations::open(sealer, &webhook, &sealed)?;
    match of_owner(configuration.get("encryptionKey")) {
        Some(own) => Ok(Some(own)),
        None => find(conn, sealer, installation),
    }
}

/// The key of an installation's owner, as its configuration has it.
pub(super) fn of_owner(configured: Option<&Value>) -> Option<Secret> {
    let key = configured.and_then(Value::as_str);
    key.filter(|key| !key.is_empty()).map(Secret::new)
}

const INSERT: &str = "INSERT INTO webchat_keys (installation_seq, sealed) VALUES (:seq, :sealed)";

/// The same, made when it is first needed.
pub(super) fn ensure(conn: &Connection, sealer: &Sealer, installation: i64) -> Result<Secret> {
    if let Some(known) = find(conn, sealer, installation)? {
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
        assert!(claims.is_of(&user) && !claims.is_of(&"other".into()));
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
            let encoding = EncodingKey::from_secret(b"one");
            jsonwebtoken::encode(&Header::default(), &claims, &encoding).expect("a key")
        };
        for (exp, nbf, good) in [
            (None, None, true),
            (Some(1001.0), Some(1000.0), true),
            (Some(1000.0), None, false),
            (None, Some(1001.0), false),
        ] {
            let verified = verify(&secret, &key(exp, nbf), now());
            assert_eq!(verified.is_ok(), good, "{exp:?} {nbf:?}");
        }
    }
}
