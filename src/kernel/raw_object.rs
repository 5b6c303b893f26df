//! JSON objects that the program stores and forwards without parsing them.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

/// A JSON object as text. It is parsed only when code needs its members.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct RawObject(Box<RawValue>);

impl RawObject {
    /// Checks that a text is a JSON object and wraps it.
    ///
    /// # Errors
    /// A syntax error, or an error for a value that is not an object.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        let text = RawValue::from_string(text)?;
        if text.get().starts_with('{') {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("it is not an object"))
        }
    }

    /// The text of the object.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Parses the members.
    #[must_use]
    pub fn parse_members(&self) -> Map<String, Value> {
        serde_json::from_str(self.as_str()).expect("it was read as an object")
    }
}

impl From<&Map<String, Value>> for RawObject {
    fn from(members: &Map<String, Value>) -> Self {
        let text = serde_json::value::to_raw_value(members);
        Self(text.expect("JSON can be written"))
    }
}

impl PartialEq for RawObject {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_written_as_it_was_read() {
        let text = r#"{ "b" : 1.50, "a": [null] }"#.to_owned();
        let object = RawObject::parse(text.clone()).expect("an object");
        assert_eq!(serde_json::to_string(&object).expect("JSON"), text);
        assert_eq!(
            Value::Object(object.parse_members()),
            json!({"b": 1.5, "a": [null]})
        );
        for other in ["[]", "1", "{", "", "{} {}"] {
            assert!(RawObject::parse(other.to_owned()).is_err(), "{other}");
        }
    }
}
