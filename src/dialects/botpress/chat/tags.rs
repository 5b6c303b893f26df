//! Wire types of tag values, and the tag filters of lists.

use std::{borrow::Cow, collections::BTreeMap};

use poem::Request;
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::{Value, json};

use crate::domain::bots::tags::{MAX_VALUE_CHARS, TagPatch};

/// Tags in a response, by name.
pub type TagValues = BTreeMap<String, String>;

/// Tags in a request, by name. An empty value or null removes a tag.
#[derive(Debug, Clone, Default)]
pub struct TagChanges(pub TagPatch);

impl Type for TagChanges {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "object".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let value = MetaSchemaRef::Inline(Box::new(MetaSchema {
            max_length: Some(MAX_VALUE_CHARS),
            nullable: true,
            ..MetaSchema::new("string")
        }));
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            additional_properties: Some(Box::new(value)),
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

impl ParseFromJSON for TagChanges {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let Some(Value::Object(members)) = value else {
            return Err(ParseError::expected_type(value.unwrap_or_default()));
        };
        let mut tags = TagPatch::new();
        for (name, value) in members {
            let value = match value {
                Value::String(value) => Some(value),
                Value::Null => None,
                other => return Err(ParseError::expected_type(other)),
            };
            tags.insert(name, value);
        }
        Ok(Self(tags))
    }
}

impl ToJSON for TagChanges {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(&self.0).ok()
    }
}

/// Returns the tag filter as a parameter of the OpenAPI document.
pub fn filter_parameter() -> Value {
    json!({
        "name": "tags", "in": "query", "required": false, "style": "deepObject",
        "description": "Selects entries with these tags, each as `tags.<name>=<value>`.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    })
}

/// Returns the tag filters of a query: `tags.<name>=<value>`, and `tags[<name>]=<value>`, the form that
/// Swagger UI sends.
pub fn parse_filter(request: &Request) -> BTreeMap<String, String> {
    parse_object(request, "tags")
}

/// Returns the members of a query parameter that is an object: `object.<name>=<value>`, and
/// `object[<name>]=<value>`.
pub fn parse_object(request: &Request, object: &str) -> BTreeMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    let mut members = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let Some(rest) = name.strip_prefix(object) else {
            continue;
        };
        let bracketed = || rest.strip_prefix('[')?.strip_suffix(']');
        if let Some(name) = rest.strip_prefix('.').or_else(bracketed) {
            members.insert(name.to_owned(), value.into_owned());
        }
    }
    members
}
