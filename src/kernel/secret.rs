//! Secrets: values that never appear in a log, and tokens that are stored only as a hash.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use rand::{RngExt, distr::Alphanumeric};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::hex;

/// A secret text. `Debug` hides it; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. When you look for leaks of secrets, check the callers of this method.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Writes `[hidden]`, so that settings can be printed without a leak.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[hidden]")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Number of random characters in a token: 36 of 62 give 214 bits.
const TOKEN_CHARACTERS: usize = 36;

/// Creates a token: `prefix` and 36 random alphanumeric characters (214 bits).
#[must_use]
pub fn new_token(prefix: &str) -> Secret {
    let random = rand::rng()
        .sample_iter(Alphanumeric)
        .take(TOKEN_CHARACTERS)
        .map(char::from);
    Secret(prefix.chars().chain(random).collect())
}

/// Creates a secret of 64 hexadecimal digits (256 bits).
#[must_use]
pub fn new_hex_secret() -> Secret {
    let random: [u8; 32] = rand::random();
    Secret(hex::encode(&random))
}

/// The SHA-256 of a token. The store keeps the hash, not the token. Comparison takes constant time.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Computes the hash of a token as the caller sent it.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl Hash for TokenHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "[hidden]");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn tokens_differ_and_carry_their_prefix() {
        let (one, two) = (new_token("bp_pat_"), new_token("bp_pat_"));
        assert_ne!(one, two);
        assert!(one.expose().starts_with("bp_pat_"));
        assert_eq!(one.expose().len(), "bp_pat_".len() + 36);
        assert!(TokenHash::of(one.expose()) == TokenHash::of(one.expose()));
        assert!(TokenHash::of(one.expose()) != TokenHash::of(two.expose()));
    }
}
