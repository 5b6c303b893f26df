//! The cipher and the format of a sealed value.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use sha2::{Digest, Sha256};

use crate::kernel::{Error, Kind};

use super::key::KEY_BYTES;

/// The version of the key and of the format: the first byte of a sealed value.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + NONCE_BYTES;

/// The location of a sealed value. A value opens only at the location that it was sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealLocation<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's identifier.
    pub row_id: &'a str,
}

impl SealLocation<'_> {
    /// Encodes each part with its length before it, so that different locations never give the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = vec![VERSION];
        for part in [self.table, self.column, self.row_id] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// Seals and opens values with one key (XChaCha20-Poly1305).
///
/// A sealed value is the version byte, a random nonce of 24 bytes, and the ciphertext with its tag of 16 bytes.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    pub(super) fn with_key(key: &[u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(&(*key).into()))
    }

    /// Seals `plaintext` for `location`. Each call gives different bytes, because the nonce is random.
    #[must_use]
    pub fn seal(&self, location: &SealLocation<'_>, plaintext: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let ciphertext = self
            .0
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plaintext,
                    aad: &location.associated_data(),
                },
            )
            .expect("a value in memory is shorter than the cipher's 256 GiB");
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Derives a key for another purpose from this key: always the same one for a purpose, and useless to find this key or
    /// that of another purpose. It is keystream of a nonce that no sealed value has, because those are random.
    #[must_use]
    pub fn derive_key(&self, purpose: &str) -> [u8; 32] {
        let digest = Sha256::digest(purpose.as_bytes());
        let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|index| digest[index]);
        let payload = Payload {
            msg: &[0; 32],
            aad: purpose.as_bytes(),
        };
        let keystream = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("32 bytes are shorter than the cipher's 256 GiB");
        std::array::from_fn(|index| keystream[index])
    }

    /// Opens a value that was sealed for `location`.
    ///
    /// # Errors
    /// [`SealError`] if the value was sealed for another place or with another key, or was altered.
    pub fn open(&self, location: &SealLocation<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (header, ciphertext) = sealed
            .split_at_checked(HEADER_BYTES)
            .ok_or(SealError::Broken)?;
        if header[0] != VERSION {
            return Err(SealError::UnknownVersion(header[0]));
        }
        let nonce = XNonce::try_from(&header[1..]).map_err(|_| SealError::Broken)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &location.associated_data(),
        };
        self.0
            .decrypt(&nonce, payload)
            .map_err(|_| SealError::Broken)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer([hidden])")
    }
}

/// The reason why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value was sealed with another key or for another place, or it was altered.
    #[error("a sealed value cannot be decrypted: another key, another row, or altered data")]
    Broken,
    /// The first byte is a version that this program does not know.
    #[error("a sealed value has the unknown version {0}")]
    UnknownVersion(u8),
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::new(Kind::Internal, "a stored secret cannot be read").with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: SealLocation<'static> = SealLocation {
        table: "installation",
        column: "secret",
        row_id: "42",
    };

    fn sealer() -> Sealer {
        Sealer::with_key(&[7; KEY_BYTES])
    }

    #[test]
    fn opens_only_at_its_place() {
        let sealed = sealer().seal(&PLACE, b"hunter2");
        assert_eq!(sealer().open(&PLACE, &sealed).unwrap(), b"hunter2");
        assert_eq!((sealed[0], sealed.len()), (1, 1 + 24 + 7 + 16));
        for location in [
            SealLocation {
                table: "agent",
                ..PLACE
            },
            SealLocation {
                column: "token",
                ..PLACE
            },
            SealLocation {
                row_id: "43",
                ..PLACE
            },
            // The same concatenated characters, split at other positions.
            SealLocation {
                table: "installations",
                column: "ecret",
                ..PLACE
            },
            SealLocation {
                column: "secret4",
                row_id: "2",
                ..PLACE
            },
        ] {
            assert_eq!(
                sealer().open(&location, &sealed),
                Err(SealError::Broken),
                "{location:?}"
            );
        }
    }

    #[test]
    fn another_key_or_version_does_not_open() {
        let mut sealed = sealer().seal(&PLACE, b"hunter2");
        let other = Sealer::with_key(&[8; KEY_BYTES]);
        assert_eq!(other.open(&PLACE, &sealed), Err(SealError::Broken));
        sealed[0] = 2;
        assert_eq!(
            sealer().open(&PLACE, &sealed),
            Err(SealError::UnknownVersion(2))
        );
    }

    #[test]
    fn the_same_seals_differently_and_nothing_shows() {
        assert_ne!(sealer().seal(&PLACE, b"x"), sealer().seal(&PLACE, b"x"));
        assert_eq!(format!("{:?}", sealer()), "Sealer([hidden])");
    }

    proptest! {
        #[test]
        fn any_value_comes_back_and_any_change_is_noticed(
            plaintext in prop::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
            bit in 0..8u8,
        ) {
            let mut sealed = sealer().seal(&PLACE, &plaintext);
            prop_assert_eq!(sealer().open(&PLACE, &sealed).unwrap(), plaintext);
            let index = at.index(sealed.len());
            prop_assert!(sealer().open(&PLACE, &sealed[..index]).is_err());
            sealed[index] ^= 1 << bit;
            prop_assert!(sealer().open(&PLACE, &sealed).is_err());
        }
    }
}
