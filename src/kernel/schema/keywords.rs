//! Which keywords of a schema have subschemas, and for which part of a value.

use referencing::{Draft, Resolver};
use serde_json::Value;

/// The keywords whose value is a subschema for the same place, or a list of such.
const IN_PLACE: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
/// The keywords whose members are subschemas for the same place.
const IN_PLACE_BY_NAME: [&str; 2] = ["dependentSchemas", "dependencies"];
/// The keywords that refer to a subschema for the same place.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// The keywords whose value is a subschema for a part of the value, or a list of such.
const INSIDE: [&str; 9] = [
    "additionalProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentSchema",
];
/// The keywords whose members are subschemas for parts of the value.
const INSIDE_BY_NAME: [&str; 2] = ["properties", "patternProperties"];

/// A subschema, and what references in it are resolved against.
#[derive(Clone)]
pub(super) struct At<'r> {
    /// The subschema.
    pub(super) schema: &'r Value,
    /// Resolves its references.
    pub(super) resolver: Resolver<'r>,
    /// The draft that it is written in.
    pub(super) draft: Draft,
}

/// True for a keyword that refers to a subschema.
pub(super) fn is_reference(keyword: &str) -> bool {
    REFERENCES.contains(&keyword)
}

/// The subschemas that a keyword applies to the same place; none if it is no such keyword.
pub(super) fn in_place<'r>(here: &At<'r>, keyword: &str, value: &'r Value) -> Option<Vec<At<'r>>> {
    if IN_PLACE.contains(&keyword) {
        return Some(schemas(here, value, false));
    }
    if IN_PLACE_BY_NAME.contains(&keyword) {
        return Some(schemas(here, value, true));
    }
    if !is_reference(keyword) {
        return None;
    }
    // A reference that leads nowhere is refused when the schema is compiled.
    let reference = value.as_str()?;
    let found = match keyword {
        "$recursiveRef" => here.resolver.lookup_recursive_ref(),
        _ => here.resolver.lookup(reference),
    };
    let target = found.ok().map(|found| {
        let (schema, resolver, draft) = found.into_inner();
        At {
            schema,
            resolver,
            draft,
        }
    });
    Some(target.into_iter().collect())
}

/// The subschemas that a keyword applies to parts of the value.
pub(super) fn inside<'r>(here: &At<'r>, keyword: &str, value: &'r Value) -> Vec<At<'r>> {
    let by_name = INSIDE_BY_NAME.contains(&keyword);
    if by_name || INSIDE.contains(&keyword) {
        return schemas(here, value, by_name);
    }
    Vec::new()
}

/// True if a keyword without subschemas for the same place looks at the value.
pub(super) fn looks(here: &At<'_>, keyword: &str) -> bool {
    let about_the_schema = keyword.starts_with('$') || keyword == "definitions";
    !about_the_schema && here.draft.is_known_keyword(keyword)
}

/// The subschemas in a keyword's value: itself, its items, or its members.
fn schemas<'r>(here: &At<'r>, value: &'r Value, by_name: bool) -> Vec<At<'r>> {
    let values: Vec<&'r Value> = match value {
        Value::Object(members) if by_name => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(_) | Value::Bool(_) if !by_name => vec![value],
        _ => Vec::new(),
    };
    let schemas = values
        .into_iter()
        .filter(|value| value.is_object() || value.is_boolean());
    schemas
        .map(|schema| At {
            schema,
            draft: here.draft.detect(schema),
            resolver: here.resolver.clone(),
        })
        .collect()
}
