//! The wire type of a state's expiry.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::Value;

/// Maximum expiry, in milliseconds: 30 days (botpress-today.md §3).
const MAX_MILLIS: f64 = 2_592_000_000.0;

/// A required number of milliseconds that may be null. A validator of poem-openapi cannot check such a member.
#[derive(Debug, Clone, Copy)]
pub struct NullableExpiry(pub Option<f64>);

impl Type for NullableExpiry {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "number".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(MAX_MILLIS),
            nullable: true,
            ..MetaSchema::new("number")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for NullableExpiry {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value.unwrap_or_default() {
            Value::Null => Ok(Self(None)),
            other => match other.as_f64() {
                Some(millis) => Ok(Self(Some(millis))),
                None => Err(ParseError::expected_type(other)),
            },
        }
    }
}

impl ToJSON for NullableExpiry {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.into())
    }
}
