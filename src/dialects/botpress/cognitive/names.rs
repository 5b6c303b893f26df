//! Members of requests that are a text or a list of texts.

use poem_openapi::types::Any;
use serde_json::Value;

use crate::kernel::{Error, Result, Rule, Violation};

/// Maximum number of names in a list.
const MAX_NAMES: usize = 20;
/// Maximum length of a name, in bytes.
const MAX_NAME_BYTES: usize = 300;

/// Parses a text or a list of texts; nothing is an empty list.
///
/// # Errors
/// `Invalid` for another value.
pub fn parse_texts(value: Option<Any<Value>>, member: &str) -> Result<Vec<String>> {
    let refused = || -> Error {
        let rule = format!(
            "must be a text or a list of at most {MAX_NAMES} texts, of at most {MAX_NAME_BYTES} bytes each"
        );
        Violation::body([member], Rule::Other(rule)).into()
    };
    let fits = |text: &String| text.len() <= MAX_NAME_BYTES;
    let texts = match value.map(|value| value.0) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => {
            let texts = items.into_iter().map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            });
            texts.collect::<Option<_>>().ok_or_else(refused)?
        }
        Some(_) => return Err(refused()),
    };
    match texts.len() <= MAX_NAMES && texts.iter().all(fits) {
        true => Ok(texts),
        false => Err(refused()),
    }
}
