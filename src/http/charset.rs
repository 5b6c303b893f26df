//! Decodes text bodies in charsets other than UTF-8, and removes byte order marks.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use poem::http::{HeaderMap, HeaderValue, header};

use super::multipart;

/// Converts a JSON text with a byte order mark or a declared charset to UTF-8 without a mark.
#[must_use]
pub fn json_to_utf8(headers: &HeaderMap, bytes: Bytes) -> Bytes {
    if let Some((encoding, length)) = Encoding::for_bom(&bytes) {
        let text = bytes.slice(length..);
        if encoding == UTF_8 {
            return text;
        }
        return decode(encoding, &text).map_or(bytes, |text| Bytes::from(text.into_owned()));
    }
    if std::str::from_utf8(&bytes).is_ok() {
        return bytes;
    }
    let declared = content_type(headers).and_then(find_charset);
    let text = declared.and_then(|declared| decode(declared, &bytes));
    let text = text.map(|text| Bytes::from(text.into_owned()));
    text.unwrap_or(bytes)
}

/// Decodes a body as UTF-8, or by its byte order mark or the charset of its content type or parts. `None` if the
/// bytes are not text in that charset.
#[must_use]
pub fn decode_text(content_type: Option<&str>, bytes: Vec<u8>) -> Option<String> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Some(text),
        Err(error) => error.into_bytes(),
    };
    if let Some((encoding, length)) = Encoding::for_bom(&bytes) {
        return decode(encoding, &bytes[length..]).map(Cow::into_owned);
    }
    let content_type = content_type?;
    if let Some(encoding) = find_charset(content_type) {
        return decode(encoding, &bytes).map(Cow::into_owned);
    }
    multipart::decode_parts(content_type, &bytes)
}

/// Returns the content type of a text that was converted to UTF-8.
#[must_use]
pub fn content_type_as_utf8(content_type: &str) -> String {
    let parts = content_type.split(';').map(|part| {
        let is_charset =
            parse_parameter(part).is_some_and(|(name, _)| names_equal(name, "charset"));
        match is_charset {
            true => " charset=utf-8",
            false => part,
        }
    });
    parts.collect::<Vec<_>>().join(";")
}

/// Decodes bytes of a charset. `None` if they are not valid in it.
pub(super) fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// Returns the charset of a media type, if it is known.
pub(super) fn find_charset(content_type: &str) -> Option<&'static Encoding> {
    Encoding::for_label(parameter_value(content_type, "charset")?.as_bytes())
}

/// Returns a parameter of a media type or content disposition: `name` in `form-data; name="text"`.
pub(super) fn parameter_value<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    let mut parameters = value.split(';').skip(1).filter_map(parse_parameter);
    parameters.find_map(|(name, value)| names_equal(name, wanted).then_some(value))
}

fn parse_parameter(part: &str) -> Option<(&str, &str)> {
    let (name, value) = part.split_once('=')?;
    Some((name.trim(), value.trim().trim_matches('"')))
}

fn names_equal(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    value.and_then(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, bytes: &[u8]) -> Option<String> {
        decode_text(Some(content_type), bytes.to_vec())
    }

    #[test]
    fn text_is_read_in_its_charset() {
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(read("text/plain", "é".as_bytes()), of("é"));
        assert_eq!(read("text/plain; charset=latin1", b"caf\xe9"), of("café"));
        assert_eq!(
            read("text/plain; Charset=\"Shift_JIS\"", b"\x93\xfa\x96\x7b"),
            of("日本")
        );
        assert_eq!(read("text/plain", b"\xff\xfeh\0i\0"), of("hi"));
        assert_eq!(read("text/plain", b"caf\xe9"), None);
        assert_eq!(read("text/plain; charset=utf-8", b"caf\xe9"), None);
        assert_eq!(read("text/plain; charset=none", b"caf\xe9"), None);
        assert_eq!(decode_text(None, b"\xe9".to_vec()), None);
    }

    #[test]
    fn a_decoded_text_says_that_it_is_utf_8() {
        assert_eq!(
            content_type_as_utf8("text/xml;charset=ISO-8859-1; x=y"),
            "text/xml; charset=utf-8; x=y"
        );
        assert_eq!(
            content_type_as_utf8("multipart/form-data; boundary=x"),
            "multipart/form-data; boundary=x"
        );
    }

    #[test]
    fn json_is_read_with_a_mark_and_in_its_charset() {
        let plain = HeaderMap::new();
        let read = |headers: &HeaderMap, bytes: &'static [u8]| {
            json_to_utf8(headers, Bytes::from_static(bytes))
        };
        assert_eq!(read(&plain, b"\xef\xbb\xbf{}"), "{}");
        assert_eq!(read(&plain, b"\xff\xfe{\0}\0"), "{}");
        assert_eq!(read(&plain, b"{}"), "{}");
        assert_eq!(read(&plain, b"\"\xe9\""), b"\"\xe9\"".as_slice());
        let mut latin = HeaderMap::new();
        let value = HeaderValue::from_static("application/json; charset=iso-8859-1");
        latin.insert(header::CONTENT_TYPE, value);
        assert_eq!(read(&latin, b"\"\xe9\""), "\"é\"");
    }
}
