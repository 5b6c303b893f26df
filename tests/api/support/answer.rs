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

/// Replaces random UUIDs, ids of 24 digits, secrets and tokens. UUIDs that a test chose have a recognisable form and stay.
fn redact(value: &mut Value) {
    match value {
        Value::String(text) => {
            let random = Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 4);
            let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if random {
                *text = "[uuid]".to_owned();
            } else if hex && text.len() == 24 {
                *text = "[hex24]".to_owned();
            } else if hex && text.len() == 64 {
                *text = "[secret]".to_owned();
            } else if text.starts_with("ada_at_") || text.starts_with("ada_rt_") {
                *text = format!("{}[token]", &text[..7]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => members.values_mut().for_each(redact),
        _ => {}
    }
}
