//! HMAC-SHA256 as the cryptography of the `jsonwebtoken` crate. User keys need no other algorithm, and the crate's own
//! choices bring all of them, with RSA and elliptic curves (docs/design/0048).

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature::{Error as SignatureError, Signer, Verifier},
};

use crate::kernel::mac::{hmac_sha256, is_hmac_sha256};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: new_signer,
    verifier_factory: new_verifier,
    // Only for sets of public keys (JWK), which nothing here reads.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs the provider in this process. Call it before every use of `jsonwebtoken`; only the first call has an
/// effect.
pub(super) fn install_provider() {
    // The error is the provider of an earlier call.
    let _ = PROVIDER.install_default();
}

fn new_signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    check(algorithm, key.family())?;
    Ok(Box::new(Hs256(key.as_bytes().to_vec())))
}

fn new_verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    check(algorithm, key.family())?;
    Ok(Box::new(Hs256(key.try_get_as_bytes()?.to_vec())))
}

fn check(algorithm: &Algorithm, family: AlgorithmFamily) -> Result<()> {
    match (algorithm, family) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(()),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

/// A key.
struct Hs256(Vec<u8>);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, text: &[u8]) -> std::result::Result<Vec<u8>, SignatureError> {
        Ok(hmac_sha256(&self.0, text).to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, text: &[u8], signature: &Vec<u8>) -> std::result::Result<(), SignatureError> {
        match is_hmac_sha256(&self.0, text, signature) {
            true => Ok(()),
            false => Err(SignatureError::new()),
        }
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
