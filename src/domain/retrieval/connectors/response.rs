//! Parses a connector's HTTP response into documents (cohere.md §3.3).

use serde_json::Value;

/// Maximum number of characters that are copied from a connector's error message.
const MESSAGE_MAX: usize = 300;

/// A document: text fields in the connector's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document(pub Vec<(String, String)>);

impl Document {
    /// Returns the text of a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == field);
        found.map(|(_, text)| text.as_str())
    }
}

/// Returns the first `max` documents of a response body.
///
/// # Errors
/// A message for the caller if the body is not `{"results": [{…}, …]}`.
pub(super) fn parse_documents(body: &[u8], max: usize) -> Result<Vec<Document>, String> {
    let answer: Value = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is not valid JSON: {error}"))?;
    let Value::Object(mut answer) = answer else {
        return Err("the answer is not a JSON object".to_owned());
    };
    let Some(Value::Array(results)) = answer.remove("results") else {
        return Err("the answer has no list \"results\"".to_owned());
    };
    let documents = results.into_iter().take(max).enumerate();
    documents
        .map(|(index, result)| match result {
            Value::Object(fields) => Ok(Document(
                fields
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, to_text(value)?)))
                    .collect(),
            )),
            _ => Err(format!("results[{index}] of the answer is not an object")),
        })
        .collect()
}

/// Converts a value to text. Real connectors also return numbers and lists, and clients accept only
/// texts.
fn to_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(items) if items.iter().all(is_scalar) => {
            let texts: Vec<String> = items.into_iter().filter_map(to_text).collect();
            Some(texts.join(", "))
        }
        other => Some(other.to_string()),
    }
}

const fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Returns a connector's own error message: `detail` of problem+json, or the members that others
/// use for it.
pub(super) fn parse_error_message(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let text = ["detail", "message", "error", "title"]
        .iter()
        .find_map(|name| answer.get(name)?.as_str())?;
    let line: String = text
        .chars()
        .take(MESSAGE_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_become_texts() {
        let body = br#"{"results": [
            {"id": 7, "title": "T", "tags": ["a", 1, null, true], "none": null, "empty": [],
             "nested": {"a": [1]}, "lists": [[1], "b"]},
            {}
        ], "more": 1}"#;
        let expected = [
            ("id", "7"),
            ("title", "T"),
            ("tags", "a, 1, true"),
            ("empty", ""),
            ("nested", "{\"a\":[1]}"),
            ("lists", "[[1],\"b\"]"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(
            parse_documents(body, 10),
            Ok(vec![Document(expected.into()), Document::default()])
        );
        assert_eq!(parse_documents(body, 1).map(|all| all.len()), Ok(1));
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (body, message) in [
            (
                "",
                "the answer is not valid JSON: EOF while parsing a value at line 1 column 0",
            ),
            ("[]", "the answer is not a JSON object"),
            ("{\"result\": []}", "the answer has no list \"results\""),
            ("{\"results\": {}}", "the answer has no list \"results\""),
            (
                "{\"results\": [{}, 1]}",
                "results[1] of the answer is not an object",
            ),
        ] {
            assert_eq!(
                parse_documents(body.as_bytes(), 10),
                Err(message.to_owned())
            );
        }
    }

    #[test]
    fn a_connectors_own_message_is_found() {
        for (body, message) in [
            (
                "{\"detail\": \"No key\", \"title\": \"Unauthorized\"}",
                Some("No key"),
            ),
            ("{\"detail\": [1], \"message\": \" a\\nb \"}", Some("a b")),
            ("{\"message\": \"\"}", None),
            ("<html>", None),
        ] {
            assert_eq!(
                parse_error_message(body.as_bytes()).as_deref(),
                message,
                "{body}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_documents(&body, 5);
            let _ = parse_error_message(&body);
        }
    }
}
