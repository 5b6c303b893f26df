//! Detects the encoding of a file and decodes its bytes.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Maximum number of bytes in which a declared encoding is searched for.
const HEAD_BYTES: usize = 1024;

/// Number of valid non-ASCII characters needed for each invalid byte to treat a text as damaged
/// UTF-8.
const VALID_PER_INVALID: usize = 5;

/// Decodes the text of a file; none if the bytes are not text. The order of detection: byte order
/// mark, valid UTF-8, UTF-16 without a mark, the encoding that the file declares, a guess from the
/// bytes.
pub(super) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (Some(encoding), &bytes[mark..]),
        None => (None, bytes),
    };
    if encoding.is_none_or(|encoding| encoding == UTF_8)
        && let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains('\0')
    {
        return Some(Cow::Borrowed(text));
    }
    let encoding = encoding
        .or_else(|| detect_utf_16(bytes))
        .or_else(|| find_declared_encoding(bytes));
    let encoding = match encoding {
        Some(encoding) => encoding,
        None if bytes.contains(&0) => return None,
        None if is_almost_utf_8(bytes) => UTF_8,
        None => guess_encoding(bytes),
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (!text.contains('\0')).then_some(text)
}

/// Detects UTF-16 without a byte order mark: every other byte of Latin text is zero.
fn detect_utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES) & !1];
    if head.len() < 4 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |first: usize| {
        head.iter()
            .skip(first)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let most = head.len() / 2;
    match (zeros(0), zeros(1)) {
        (0, high) if high * 10 >= most * 7 => Some(UTF_16LE),
        (high, 0) if high * 10 >= most * 7 => Some(UTF_16BE),
        _ => None,
    }
}

/// Returns the encoding that the beginning of a file declares, as HTML, XML and scripts do.
fn find_declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]).to_ascii_lowercase();
    ["charset=", "encoding=", "coding:", "coding="]
        .iter()
        .find_map(|word| {
            let (_, rest) = head.split_once(word)?;
            let rest = rest.trim_start_matches([' ', '"', '\'']);
            let end = rest
                .find(|character: char| {
                    !(character.is_ascii_alphanumeric() || "-_:".contains(character))
                })
                .unwrap_or(rest.len());
            let found = Encoding::for_label(&rest.as_bytes()[..end])?;
            // UTF-8 was tried before.
            (found != UTF_8).then_some(found)
        })
}

/// True for UTF-8 with a few invalid bytes: truncated, or pasted from another encoding.
fn is_almost_utf_8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk
            .valid()
            .chars()
            .filter(|character| !character.is_ascii())
            .count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= bad * VALID_PER_INVALID
}

fn guess_encoding(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, KOI8_R, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    fn utf_16_of(text: &str, swap: bool) -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|unit| {
                if swap {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn texts_are_read_in_their_encodings() {
        let russian = "Резервные копии хранятся тридцать дней. Потом они удаляются навсегда.";
        let german =
            "Die Schlüssel für die Türen hängen im Büro. Größere Räume öffnet der Hausmeister.";
        let japanese = "東京の駅は大きいです。バックアップは毎晩作られます。";
        let chinese = "数据库的备份每天晚上进行，保存三十天。";
        for (encoding, text) in [
            (WINDOWS_1251, russian),
            (KOI8_R, russian),
            (WINDOWS_1252, german),
            (SHIFT_JIS, japanese),
            (GBK, chinese),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            assert_eq!(decode(&bytes).as_deref(), Some(text), "{}", encoding.name());
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(text));
        }
        let page = "<meta charset=\"iso-8859-2\"><p>Łódź";
        let (bytes, _, _) = encoding_rs::ISO_8859_2.encode(page);
        assert_eq!(decode(&bytes).as_deref(), Some(page));
    }

    #[test]
    fn utf_16_is_read_with_a_mark_and_without() {
        for swap in [false, true] {
            let text = "The backups are kept for 30 days – see “Plans”.";
            assert_eq!(decode(&utf_16_of(text, swap)).as_deref(), Some(text));
            let marked = utf_16_of("\u{feff}Привет, 東京", swap);
            assert_eq!(decode(&marked).as_deref(), Some("Привет, 東京"));
        }
        assert_eq!(decode(b"\xef\xbb\xbfa").as_deref(), Some("a"));
    }

    #[test]
    fn a_fault_in_utf_8_spoils_its_place_alone_and_what_is_no_text_is_none() {
        let mut text = "Über die Brücke führt ein schöner Weg für Fußgänger."
            .as_bytes()
            .to_vec();
        text.push(0xff);
        let read = decode(&text).expect("a text");
        assert!(
            read.starts_with("Über") && read.ends_with('\u{fffd}'),
            "{read}"
        );
        for bytes in [
            &b"\x7fELF\x02\x01\x01\0\0\0"[..],
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"a\0b",
        ] {
            assert_eq!(decode(bytes), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_text_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(text) = decode(&bytes) {
                prop_assert!(!text.contains('\0'));
            }
        }
    }
}
