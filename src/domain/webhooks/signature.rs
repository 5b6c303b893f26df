//! Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 of `id.timestamp.body` (webhooks.md §7.1).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

pub use super::secret::SigningKey;
use crate::kernel::Timestamp;

/// Maximum difference between the time of a signature and now, in either direction.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The signed content.
#[derive(Debug, Clone, Copy)]
pub struct SignedContent<'a> {
    /// Id of the message.
    pub id: &'a str,
    /// Time of the attempt, in seconds since the Unix epoch.
    pub timestamp: i64,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Returns the value of the signature header: one signature for each key, separated by spaces.
#[must_use]
pub fn sign(keys: &[&SigningKey], signed: &SignedContent<'_>) -> String {
    let signatures: Vec<String> = keys.iter().map(|key| sign_with_key(key, signed)).collect();
    signatures.join(" ")
}

fn sign_with_key(key: &SigningKey, signed: &SignedContent<'_>) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed.id.as_bytes());
    mac.update(b".");
    mac.update(signed.timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(signed.body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The reason for which a signature is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The timestamp is more than five minutes from now.
    #[error("the timestamp is more than five minutes from the server's time")]
    Time,
    /// No signature in the header matches one of the keys.
    #[error("no signature matches the body and the endpoint's secret")]
    Signature,
}

/// Verifies a signature header as a receiver does: one match with one of the keys is enough.
///
/// # Errors
/// [`Mismatch`] if the timestamp is out of range or no signature matches.
pub fn verify(
    keys: &[SigningKey],
    signed: &SignedContent<'_>,
    header: &str,
    now: Timestamp,
) -> Result<(), Mismatch> {
    let off = now.as_seconds().abs_diff(signed.timestamp);
    if off > TOLERANCE.as_secs() {
        return Err(Mismatch::Time);
    }
    let good = keys.iter().any(|key| {
        let expected = sign_with_key(key, signed);
        header
            .split(' ')
            .any(|given| given.as_bytes().ct_eq(expected.as_bytes()).into())
    });
    if good {
        Ok(())
    } else {
        Err(Mismatch::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public vectors of Standard Webhooks' crate and of Svix's documentation.
    const VECTORS: [(&str, &str, i64, &str, &str); 2] = [
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ];

    #[test]
    fn the_public_vectors() {
        for (secret, id, timestamp, body, signature) in VECTORS {
            let key = SigningKey::parse(secret).expect("a secret");
            let body = body.as_bytes();
            let signed = SignedContent {
                id,
                timestamp,
                body,
            };
            assert_eq!(sign(&[&key], &signed), signature);
            let now = Timestamp::from_micros(timestamp * 1_000_000);
            let keys = [SigningKey::generate(), key];
            let listed = format!("v1a,x v1,AAAA {signature}");
            assert_eq!(verify(&keys, &signed, &listed, now), Ok(()));
            assert_eq!(
                verify(&keys[..1], &signed, &listed, now),
                Err(Mismatch::Signature)
            );
            let late = now.plus(Duration::from_secs(301));
            assert_eq!(verify(&keys, &signed, signature, late), Err(Mismatch::Time));
        }
    }

    #[test]
    fn two_keys_give_two_signatures() {
        let (one, two) = (SigningKey::generate(), SigningKey::generate());
        let signed = SignedContent {
            id: "msg_1",
            timestamp: 1,
            body: b"{}",
        };
        let both = sign(&[&one, &two], &signed);
        assert_eq!(
            both,
            format!("{} {}", sign(&[&one], &signed), sign(&[&two], &signed))
        );
    }
}
