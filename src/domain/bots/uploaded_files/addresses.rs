//! Signed addresses: the right to send or to read the bytes of one file for an hour, without a token.

use super::File;
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Error, Kind, Result, Timestamp, hex,
        mac::{hmac_sha256, is_hmac_sha256},
    },
};

/// Time for which a signature is valid, in seconds, on the product's clock.
const VALID_SECONDS: i64 = 3600;
/// Purpose of the key of the signatures.
const KEY_PURPOSE: &str = "signatures of file addresses";

/// The right that an address gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Send the bytes.
    Upload,
    /// Read the bytes.
    Read,
}

/// Signature of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// End of its validity, in seconds since the epoch.
    pub expires: i64,
    /// The signature in hexadecimal digits.
    pub signature: String,
}

impl Signature {
    /// Signs a right that begins now.
    #[must_use]
    pub fn new(app: &App, file: &File, right: Right) -> Self {
        let expires = app.clock().now().as_seconds().saturating_add(VALID_SECONDS);
        let mac = hmac_sha256(&key(app), text(file, right, expires).as_bytes());
        Self {
            expires,
            signature: hex::encode(&mac),
        }
    }

    /// Parses the parameters of an address; `None` if one of them is missing or malformed.
    #[must_use]
    pub fn parse(expires: Option<&str>, signature: Option<&str>) -> Option<Self> {
        Some(Self {
            expires: expires?.parse().ok()?,
            signature: signature?.to_owned(),
        })
    }

    /// True if this is the valid signature of a right. One that ends later than a signature of the present time was
    /// made before the clock went back.
    fn is_valid(&self, app: &App, file: &File, right: Right, now: Timestamp) -> bool {
        let now = now.as_seconds();
        let is_present = now < self.expires && self.expires <= now.saturating_add(VALID_SECONDS);
        let Some(mac) = hex::decode(&self.signature) else {
            return false;
        };
        let text = text(file, right, self.expires);
        is_present && is_hmac_sha256(&key(app), text.as_bytes(), &mac)
    }
}

/// Requires a valid signature.
///
/// # Errors
/// `Forbidden`.
pub(super) fn require(
    app: &App,
    file: &File,
    right: Right,
    signature: Option<&Signature>,
) -> Result<()> {
    let now = app.clock().now();
    match signature.is_some_and(|signature| signature.is_valid(app, file, right, now)) {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Forbidden,
            "The address has no valid signature, or it has expired: get a new one from the file",
        )),
    }
}

fn key(app: &App) -> [u8; 32] {
    app.sealer().derive_key(KEY_PURPOSE)
}

/// An address to send bytes is valid for one row: the next upsert of the file ends it.
fn text(file: &File, right: Right, expires: i64) -> String {
    match right {
        Right::Upload => format!("upload\n{}\n{}\n{expires}", file.id, file.seq),
        Right::Read => format!("read\n{}\n{expires}", file.id),
    }
}
