//! DTOs of metadata: objects of strings, booleans and whole numbers.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Map, Value};

/// Maximum number of sensitive values in one request.
const SENSITIVE_MAX: usize = 20;

/// Returns the schema of one value.
fn value_schema(least_text: Option<usize>, nullable: bool) -> MetaSchemaRef {
    let one = |schema| MetaSchemaRef::Inline(Box::new(schema));
    one(MetaSchema {
        nullable,
        any_of: vec![
            one(MetaSchema {
                min_length: least_text,
                ..MetaSchema::new("string")
            }),
            one(MetaSchema::new("boolean")),
            one(MetaSchema::new("integer")),
        ],
        ..MetaSchema::ANY
    })
}

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident, $value:expr, $max:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Map<String, Value>);

        impl $name {
            /// Returns the members of an object.
            pub fn from_object(object: &Value) -> Self {
                Self(object.as_object().cloned().unwrap_or_default())
            }
        }

        impl Type for $name {
            const IS_REQUIRED: bool = true;

            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                "object".into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new(MetaSchema {
                    additional_properties: Some(Box::new($value)),
                    max_properties: $max,
                    ..MetaSchema::new("object")
                }))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                match value {
                    Some(Value::Object(members)) => Ok(Self(members)),
                    Some(other) => Err(ParseError::expected_type(other)),
                    None => Err(ParseError::expected_input()),
                }
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                Some(Value::Object(self.0.clone()))
            }
        }
    )+};
}

values! {
    /// Values in responses.
    Values, value_schema(None, false), None;
    /// Values in requests: null removes one.
    ValuesPatch, value_schema(None, true), None;
    /// Sensitive values in requests: null removes one.
    SensitiveValues, value_schema(Some(1), true), Some(SENSITIVE_MAX);
}
