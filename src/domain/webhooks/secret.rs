//! Signing secrets: `whsec_` and the base64 of 24 to 75 bytes.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    domain::tenancy::sealed_columns::SealedColumn,
    kernel::{Error, Result, Rule, Secret, Violation, ids::WebhookEndpointId},
    store::Sealer,
};

const PREFIX: &str = "whsec_";
const GENERATED_BYTES: usize = 24;
const MIN_BYTES: usize = 24;
/// Maximum that Svix accepts (webhooks.md §7.1).
const MAX_BYTES: usize = 75;

/// The key that a secret encodes.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    pub(super) fn generate() -> Self {
        Self(rand::random::<[u8; GENERATED_BYTES]>().to_vec())
    }

    /// Parses a secret, with or without its prefix. Accepts only standard base64: libraries decode other forms
    /// to different keys (webhooks.md §7.1).
    ///
    /// # Errors
    /// `Invalid` at the body member `key` if it is malformed.
    pub fn parse(text: &str) -> Result<Self> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        match STANDARD.decode(encoded) {
            Ok(bytes) if (MIN_BYTES..=MAX_BYTES).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => {
                let rule = format!(
                    "must be whsec_ and the standard base64 of {MIN_BYTES} to {MAX_BYTES} bytes"
                );
                Err(Violation::body(["key"], Rule::Other(rule)).into())
            }
        }
    }

    /// Uses the bytes of a text as the key: the signing secret of a bot is shown as it is, without base64.
    pub(in crate::domain) fn from_raw_text(secret: &Secret) -> Self {
        Self(secret.expose().as_bytes().to_vec())
    }

    /// Returns the secret with its prefix, as users see it.
    pub(super) fn to_secret(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(&self.0)))
    }

    /// Returns the bytes of the HMAC key.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn seal(
        &self,
        sealer: &Sealer,
        endpoint: &WebhookEndpointId,
        column: SealedColumn,
    ) -> Vec<u8> {
        column.seal(sealer, endpoint.as_str(), &self.0)
    }

    pub(super) fn open(
        sealer: &Sealer,
        endpoint: &WebhookEndpointId,
        column: SealedColumn,
        sealed: &[u8],
    ) -> Result<Self> {
        let opened = column.open(sealer, endpoint.as_str(), sealed);
        opened.map(Self).map_err(Error::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_as_they_are_shown() {
        let key = SigningKey::generate();
        let text = key.to_secret();
        assert!(text.expose().starts_with("whsec_"));
        assert!(SigningKey::parse(text.expose()).is_ok_and(|read| read == key));
        let bare = text.expose().trim_start_matches("whsec_");
        assert!(SigningKey::parse(bare).is_ok_and(|read| read == key));
    }

    #[test]
    fn only_24_to_75_bytes_of_standard_base64() {
        let encoded = |count: usize| format!("whsec_{}", STANDARD.encode(vec![0xfb; count]));
        for (count, fits) in [(0, false), (23, false), (24, true), (75, true), (76, false)] {
            assert_eq!(SigningKey::parse(&encoded(count)).is_ok(), fits, "{count}");
        }
        let url_safe = encoded(24).replace('+', "-").replace('/', "_");
        assert!(SigningKey::parse(&url_safe).is_err());
        assert!(SigningKey::parse("whsec_").is_err());
        assert!(SigningKey::parse("my secret").is_err());
    }
}
