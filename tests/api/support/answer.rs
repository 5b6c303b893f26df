//! An answer of a server, and the form of it that snapshots hold.

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use uuid::Uuid;

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a text"),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("ASCII"))
    }

    /// The answer, after asserting that it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Status and body, with random ids redacted.
    pub fn shown(&self) -> String {
        let body = match serde_json::from_str::<Value>(&self.text) {
            Ok(mut body) => {
                redact(&mut body);
                serde_json::to_string_pretty(&body).expect("JSON")
            }
            Err(_) => self.text.clone(),
        };
        format!("{}\n{body}", self.status)
    }
}

/// JSON as snapshots hold it.
pub fn redacted(mut value: Value) -> String {
    redact(&mut value);
    serde_json::to_string_pretty(&value).expect("JSON")
}

/// Replaces random UUIDs, ids of 24 digits, secrets and tokens. UUIDs that a test chose have a recognisable form and stay.
fn redact(value: &mut Value) {
    match value {
        Value::String(text) => {
            let random =
                Uuid::try_parse(text).is_ok_and(|id| matches!(id.get_version_num(), 4 | 7 | 8));
            let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if random {
                *text = "[uuid]".to_owned();
            } else if text.starts_with("err_") {
                *text = "[error]".to_owned();
            } else if hex && text.len() == 64 {
                *text = "[secret]".to_owned();
            } else if text.starts_with("ada_at_") || text.starts_with("ada_rt_") {
                *text = format!("{}[token]", &text[..7]);
            } else {
                *text = without_ids(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => members.values_mut().for_each(redact),
        _ => {}
    }
}

/// The length of the random end of a connector's id, if that is what the text begins with.
fn slugged(text: &str) -> Option<usize> {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        .count();
    let ends = matches!(text.as_bytes().get(length), None | Some(b'\'' | b'/'));
    (length == 6 && ends).then_some(length)
}

/// The text with ids of 24 hexadecimal digits redacted, and the server's address.
fn without_ids(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        // One of a single digit was chosen by a test.
        let minted = rest[..digits]
            .bytes()
            .any(|byte| byte != rest.as_bytes()[0]);
        let id = rest.get(..36).and_then(|id| Uuid::try_parse(id).ok());
        let slugged = slugged(rest).filter(|_| shown.ends_with('-'));
        let whole = if let Some(length) = slugged {
            shown.push_str("[base36]");
            length
        } else if id.is_some_and(|id| matches!(id.get_version_num(), 4 | 7 | 8)) {
            shown.push_str("[uuid]");
            36
        } else if digits == 24 && minted {
            shown.push_str("[hex24]");
            digits
        } else if let Some(port) = rest.strip_prefix("127.0.0.1:") {
            shown.push_str("[host]");
            rest.len() - port.trim_start_matches(|c: char| c.is_ascii_digit()).len()
        } else {
            let next = rest.chars().next().map_or(1, char::len_utf8).max(digits);
            let next = if rest.starts_with("127.") { 1 } else { next };
            shown.push_str(&rest[..next]);
            next
        };
        rest = &rest[whole..];
    }
    shown
}
