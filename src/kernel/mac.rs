//! Message authentication codes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Computes the HMAC-SHA256 of a text.
///
/// # Panics
/// Never: HMAC accepts a key of any length.
#[must_use]
pub fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// True if `mac` is the HMAC-SHA256 of a text. Takes constant time for a MAC of the right length.
#[must_use]
pub fn is_hmac_sha256(key: &[u8], text: &[u8], mac: &[u8]) -> bool {
    hmac_sha256(key, text).as_slice().ct_eq(mac).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::hex;

    #[test]
    fn the_published_vector() {
        // RFC 4231, test case 2.
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            hex::encode(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let text = b"what do ya want for nothing?";
        assert!(is_hmac_sha256(b"Jefe", text, &mac));
        for other in [&mac[..31], &[0; 32], b""] {
            assert!(!is_hmac_sha256(b"Jefe", text, other));
        }
    }
}
