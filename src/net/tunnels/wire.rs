//! Frames of the tunnel protocol: JSON texts (botpress.md §5, "Tunnel for `bp dev`").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Maximum length of a tunnel id, in bytes.
const MAX_ID_BYTES: usize = 100;

/// True if a text is a valid tunnel id. The vendor's pattern is `[\w|-]+`.
pub(super) fn is_valid_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_|-".contains(&byte);
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(fits)
}

/// A request through a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// HTTP method: `GET`, `POST`, …
    pub method: String,
    /// Path below the tunnel's id, at least `/`.
    pub path: String,
    /// Query string, without the `?`.
    pub query: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: String,
}

/// A response of the program at the end of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status: 200 to 599.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

#[derive(Serialize)]
struct RequestFrame<'a> {
    r#type: &'static str,
    id: &'a str,
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    query: &'a str,
    headers: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    body: &'a str,
}

impl Request {
    /// Serializes the request as a frame with this id.
    pub(super) fn to_frame(&self, id: &str) -> String {
        let frame = RequestFrame {
            r#type: "request",
            id,
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        // Serializing strings and maps of strings cannot fail.
        serde_json::to_string(&frame).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseFrame {
    request_id: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    body: Option<String>,
}

/// A message of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClientMessage {
    /// A sign of life.
    Hello,
    /// The response to the request with this id.
    Response(String, Response),
}

/// Parses a frame of a client. Returns `None` if the frame is not part of the protocol.
pub(super) fn parse_message(frame: &str) -> Option<ClientMessage> {
    let value: Value = serde_json::from_str(frame).ok()?;
    match value.get("type").map(Value::as_str) {
        Some(Some("hello")) => return Some(ClientMessage::Hello),
        // wire: clients before the type was introduced send none
        Some(Some("response")) | None => {}
        Some(_) => return None,
    }
    let frame: ResponseFrame = serde_json::from_value(value).ok()?;
    let response = Response {
        status: frame.status,
        headers: frame.headers.into_iter().flat_map(expand_header).collect(),
        body: frame.body.unwrap_or_default(),
    };
    // A status below 200 does not end an exchange.
    let whole = (200..600).contains(&response.status);
    whole.then_some(ClientMessage::Response(frame.request_id, response))
}

/// Returns a header once for each of its values. wire: the vendor's command line sends numbers as JSON numbers.
fn expand_header((name, value): (String, Value)) -> Vec<(String, String)> {
    let name = name.to_ascii_lowercase();
    let values = match value {
        Value::Array(values) => values,
        one => vec![one],
    };
    let text = |value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let values = values.into_iter().filter_map(text);
    values.map(|value| (name.clone(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_vendors_pattern() {
        let uuid = "9b2f6f0e-41a5-4f0e-8a52-6fd4ffb1b1a1";
        for id in [uuid, "some-tunnel-id", "a_b|c", "7"] {
            assert!(is_valid_id(id), "{id}");
        }
        let long = "a".repeat(MAX_ID_BYTES + 1);
        for text in ["", "a.b", "a/b", "a b", "a%20", "ä", long.as_str()] {
            assert!(!is_valid_id(text), "{text}");
        }
    }

    #[test]
    fn a_request_is_framed_without_what_it_has_not() {
        let mut request = Request {
            method: "GET".to_owned(),
            path: "/hello".to_owned(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: String::new(),
        };
        assert_eq!(
            request.to_frame("r1"),
            r#"{"type":"request","id":"r1","method":"GET","path":"/hello","headers":{}}"#
        );
        request.query = "a=1".to_owned();
        request.headers.insert("x-a".to_owned(), "1".to_owned());
        request.body = "\"grüß dich\"".to_owned();
        assert_eq!(
            request.to_frame("r1"),
            "{\"type\":\"request\",\"id\":\"r1\",\"method\":\"GET\",\"path\":\"/hello\",\"query\":\"a=1\",\
             \"headers\":{\"x-a\":\"1\"},\"body\":\"\\\"grüß dich\\\"\"}"
        );
    }

    #[test]
    fn what_clients_say_is_read() {
        assert_eq!(
            parse_message(r#"{"type":"hello"}"#),
            Some(ClientMessage::Hello)
        );
        let whole = r#"{"type":"response","requestId":"r1","status":201,
                        "headers":{"X-A":"1","content-length":2,"set-cookie":["a=1","b=2"]},"body":"{}"}"#;
        let text = |text: &str| text.to_owned();
        let response = Response {
            status: 201,
            headers: vec![
                (text("x-a"), text("1")),
                (text("content-length"), text("2")),
                (text("set-cookie"), text("a=1")),
                (text("set-cookie"), text("b=2")),
            ],
            body: text("{}"),
        };
        let Some(ClientMessage::Response(id, mut read_response)) = parse_message(whole) else {
            panic!("a response");
        };
        read_response.headers.sort_by_key(|(name, _)| name != "x-a");
        assert_eq!((id.as_str(), read_response), ("r1", response));
        let least = Response {
            status: 503,
            headers: Vec::new(),
            body: String::new(),
        };
        assert_eq!(
            parse_message(r#"{"requestId":"r2","status":503}"#),
            Some(ClientMessage::Response(text("r2"), least))
        );
    }

    #[test]
    fn what_is_not_of_the_protocol_is_nothing() {
        for frame in [
            "",
            "hello",
            "[]",
            "{}",
            r#"{"type":"request","id":"r","method":"GET","path":"/"}"#,
            r#"{"type":7,"requestId":"r","status":200}"#,
            r#"{"type":"response","requestId":"r"}"#,
            r#"{"type":"response","requestId":"r","status":"200"}"#,
            r#"{"type":"response","requestId":"r","status":101}"#,
            r#"{"type":"response","requestId":"r","status":1000}"#,
            r#"{"type":"response","requestId":"r","status":200,"body":{}}"#,
        ] {
            assert_eq!(parse_message(frame), None, "{frame}");
        }
    }
}
