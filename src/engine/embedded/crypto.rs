//! Hashes, message authentication codes and text encodings for `node:crypto`, WebCrypto and
//! `Buffer`.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::kernel::hex;

/// Returns the hash of a text, or `None` for an unknown algorithm.
pub(super) fn hash(algorithm: &str, text: &[u8]) -> Option<Vec<u8>> {
    Some(match normalize_algorithm(algorithm).as_str() {
        "md5" => Md5::digest(text).to_vec(),
        "sha1" => Sha1::digest(text).to_vec(),
        "sha224" => Sha224::digest(text).to_vec(),
        "sha256" => Sha256::digest(text).to_vec(),
        "sha384" => Sha384::digest(text).to_vec(),
        "sha512" => Sha512::digest(text).to_vec(),
        _ => return None,
    })
}

/// Returns the HMAC of a text, or `None` for an unknown algorithm.
pub(super) fn mac(algorithm: &str, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    match normalize_algorithm(algorithm).as_str() {
        "md5" => compute_mac::<Hmac<Md5>>(key, text),
        "sha1" => compute_mac::<Hmac<Sha1>>(key, text),
        "sha224" => compute_mac::<Hmac<Sha224>>(key, text),
        "sha256" => compute_mac::<Hmac<Sha256>>(key, text),
        "sha384" => compute_mac::<Hmac<Sha384>>(key, text),
        "sha512" => compute_mac::<Hmac<Sha512>>(key, text),
        _ => None,
    }
}

fn compute_mac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(text);
    Some(mac.finalize().into_bytes().to_vec())
}

/// Normalizes the name of an algorithm: `SHA-256`, `RSA-SHA256` and `sha256` are the same.
fn normalize_algorithm(algorithm: &str) -> String {
    let name = algorithm.to_ascii_lowercase();
    let name = name.strip_prefix("rsa-").unwrap_or(&name);
    name.replace('-', "")
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_encode_padding(false));

/// Encodes bytes as `hex`, `base64` or `base64url`. Returns an empty text for any other encoding.
pub(super) fn encode(bytes: &[u8], encoding: &str) -> String {
    match encoding {
        "hex" => hex::encode(bytes),
        "base64" => STANDARD.encode(bytes),
        "base64url" => URL_SAFE.encode(bytes),
        _ => String::new(),
    }
}

/// Decodes a text. As in Node.js, decoding ends at invalid text, and both alphabets of base64 are accepted.
pub(super) fn decode(text: &str, encoding: &str) -> Vec<u8> {
    if encoding == "hex" {
        let pairs = text.as_bytes().chunks_exact(2);
        return pairs
            .map_while(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16).ok()
            })
            .collect();
    }
    let mut letters: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    STANDARD.decode(&letters).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_codes_are_those_of_the_standards() {
        let hex = |bytes: Option<Vec<u8>>| encode(&bytes.expect("known"), "hex");
        assert_eq!(hex(hash("md5", b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            hex(hash("SHA-1", b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            hex(mac("sha256", b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(hash("whirlpool", b"").is_none());
        assert!(mac("whirlpool", b"", b"").is_none());
    }

    #[test]
    fn base64_is_read_as_node_reads_it() {
        for text in ["aGk/", "aGk_", "aG k/\n", "aGk/===", "aGk/x"] {
            assert_eq!(decode(text, "base64"), b"hi?", "{text}");
        }
        assert_eq!(decode("aGkx", "base64"), b"hi1");
        assert_eq!(decode("aA", "base64"), b"h");
        assert_eq!(decode("", "base64"), b"");
        assert_eq!(encode(b"hi?>", "base64url"), "aGk_Pg");
        assert_eq!(decode("0aFfzz11", "hex"), [0x0a, 0xff]);
    }
}
