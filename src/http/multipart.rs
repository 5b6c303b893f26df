//! Decodes multipart forms whose parts have different charsets (RFC 7578 §4.6), as mail services send them.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::charset::{decode, find_charset, parameter_value};

/// Maximum length of a boundary (RFC 2046 §5.1.1), in bytes.
const MAX_BOUNDARY: usize = 70;

/// The part that names the default charset (RFC 7578 §4.6).
const DEFAULT_CHARSET_PART: &str = "_charset_";

/// The part that maps the names of parts to charsets, as JSON.
// wire: SendGrid's inbound mail
const CHARSETS_PART: &str = "charsets";

/// A part, including its delimiter.
struct Part<'a> {
    whole: &'a [u8],
    /// The headers, if they are UTF-8.
    headers: Option<&'a str>,
    content: &'a [u8],
}

/// Returns the whole body with each part converted to UTF-8. `None` if it is no multipart form, or a part is not
/// valid in the charset that the form declares.
pub(super) fn decode_parts(content_type: &str, body: &[u8]) -> Option<String> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !kind.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let boundary = parameter_value(content_type, "boundary")?;
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return None;
    }
    let parts = split_parts(body, format!("--{boundary}").as_bytes());
    let default = content_of(&parts, DEFAULT_CHARSET_PART)
        .and_then(|name| Encoding::for_label(name.as_bytes()));
    let by_name: HashMap<String, String> = content_of(&parts, CHARSETS_PART)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let mut whole = String::with_capacity(body.len() + body.len() / 4);
    for part in parts {
        if let Ok(text) = std::str::from_utf8(part.whole) {
            whole.push_str(text);
            continue;
        }
        let headers = part.headers?;
        let listed = || {
            let label = by_name.get(part.name()?)?;
            Encoding::for_label(label.as_bytes())
        };
        let encoding = part.charset().or_else(listed).or(default)?;
        whole.push_str(headers);
        whole.push_str(&decode(encoding, part.content)?);
    }
    Some(whole)
}

impl<'a> Part<'a> {
    fn parse(whole: &'a [u8]) -> Self {
        let end = find(whole, b"\r\n\r\n").map(|end| end + 4);
        let (headers, content) = whole.split_at(end.unwrap_or(0));
        Self {
            whole,
            headers: std::str::from_utf8(headers).ok(),
            content,
        }
    }

    fn header(&self, wanted: &str) -> Option<&'a str> {
        let mut lines = self.headers?.lines();
        lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then_some(value)
        })
    }

    fn name(&self) -> Option<&'a str> {
        parameter_value(self.header("content-disposition")?, "name")
    }

    fn charset(&self) -> Option<&'static Encoding> {
        find_charset(self.header("content-type")?)
    }
}

/// Returns the content of the part with this name, if it is UTF-8.
fn content_of<'a>(parts: &[Part<'a>], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|part| part.name() == Some(name))?;
    std::str::from_utf8(part.content).ok().map(str::trim)
}

/// Splits the body. Each piece except the first begins with the delimiter.
fn split_parts<'a>(body: &'a [u8], delimiter: &[u8]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(next) = rest.get(1..).and_then(|rest| find(rest, delimiter)) {
        let (part, others) = rest.split_at(next + 1);
        parts.push(Part::parse(part));
        rest = others;
    }
    parts.push(Part::parse(rest));
    parts
}

fn find(whole: &[u8], wanted: &[u8]) -> Option<usize> {
    whole
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form that SendGrid sends for a mail in Latin-1.
    const MAIL: &[u8] = b"--xYzZY\r\nContent-Disposition: form-data; name=\"charsets\"\r\n\r\n\
        {\"to\":\"UTF-8\",\"text\":\"iso-8859-1\"}\r\n--xYzZY\r\n\
        Content-Disposition: form-data; name=\"to\"\r\n\r\nJos\xc3\xa9\r\n--xYzZY\r\n\
        Content-Disposition: form-data; name=\"text\"\r\n\r\ncaf\xe9\r\n--xYzZY--\r\n";

    const KIND: &str = "multipart/form-data; boundary=xYzZY";

    #[test]
    fn parts_have_charsets_of_their_own() {
        let text = decode_parts(KIND, MAIL).expect("text");
        assert!(text.contains("\r\n\r\nJosé\r\n") && text.contains("\r\n\r\ncafé\r\n"));
        assert!(text.starts_with("--xYzZY\r\n") && text.ends_with("--xYzZY--\r\n"));
    }

    #[test]
    fn a_part_names_its_charset_or_the_form_does() {
        let own = b"--b\r\nContent-Type: text/plain; charset=windows-1252\r\n\r\n\x80\r\n--b--";
        let kind = "Multipart/Mixed; boundary=\"b\"";
        assert!(decode_parts(kind, own).expect("text").contains('€'));
        let default =
            b"--b\r\nContent-Disposition: form-data; name=\"_charset_\"\r\n\r\nlatin1\r\n\
            --b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\xe9\r\n--b--";
        assert!(decode_parts(kind, default).expect("text").contains('é'));
    }

    #[test]
    fn a_part_that_is_binary_is_no_text() {
        let file = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\xff\r\n--b--";
        assert_eq!(decode_parts("multipart/form-data; boundary=b", file), None);
        assert_eq!(decode_parts("multipart/form-data", file), None);
        assert_eq!(decode_parts("text/plain; boundary=b", file), None);
    }
}
