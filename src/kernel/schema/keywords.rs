//! Classifies keywords by their subschemas: none, for the same place of a value, or for parts of it.

use referencing::{Draft, Resolver};
use serde_json::Value;

/// Keywords whose value is a subschema, or a list of subschemas, for the same place of the value.
const IN_PLACE: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
/// Keywords whose members are subschemas for the same place of the value.
const IN_PLACE_BY_NAME: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Keywords that refer to a subschema for the same place of the value.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords whose value is a subschema, or a list of subschemas, for parts of the value.
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
/// Keywords whose members are subschemas for parts of the value.
const INSIDE_BY_NAME: [&str; 2] = ["properties", "patternProperties"];

/// A subschema with the context of its references.
#[derive(Clone)]
pub(super) struct ResolvedSchema<'r> {
    /// The subschema.
    pub(super) schema: &'r Value,
    /// The resolver of its references.
    pub(super) resolver: Resolver<'r>,
    /// The draft of the subschema.
    pub(super) draft: Draft,
}

/// True for a keyword that refers to a subschema.
pub(super) fn is_reference(keyword: &str) -> bool {
    REFERENCES.contains(&keyword)
}

/// Returns the subschemas that a keyword applies to the same place; `None` for other keywords.
pub(super) fn in_place_subschemas<'r>(
    here: &ResolvedSchema<'r>,
    keyword: &str,
    value: &'r Value,
) -> Option<Vec<ResolvedSchema<'r>>> {
    if IN_PLACE.contains(&keyword) {
        return Some(list_subschemas(here, value, false));
    }
    if IN_PLACE_BY_NAME.contains(&keyword) {
        return Some(list_subschemas(here, value, true));
    }
    if !is_reference(keyword) {
        return None;
    }
    // The compilation rejects a reference without a target.
    let reference = value.as_str()?;
    let found = match keyword {
        "$recursiveRef" => here.resolver.lookup_recursive_ref(),
        _ => here.resolver.lookup(reference),
    };
    let target = found.ok().map(|found| {
        let (schema, resolver, draft) = found.into_inner();
        ResolvedSchema {
            schema,
            resolver,
            draft,
        }
    });
    Some(target.into_iter().collect())
}

/// Returns the subschemas that a keyword applies to parts of the value.
pub(super) fn inner_subschemas<'r>(
    here: &ResolvedSchema<'r>,
    keyword: &str,
    value: &'r Value,
) -> Vec<ResolvedSchema<'r>> {
    let by_name = INSIDE_BY_NAME.contains(&keyword);
    if by_name || INSIDE.contains(&keyword) {
        return list_subschemas(here, value, by_name);
    }
    Vec::new()
}

/// True if a keyword without subschemas for the same place reads the value.
pub(super) fn reads_value(here: &ResolvedSchema<'_>, keyword: &str) -> bool {
    let about_the_schema = keyword.starts_with('$') || keyword == "definitions";
    !about_the_schema && here.draft.is_known_keyword(keyword)
}

/// Lists the subschemas in a keyword's value: itself, its items, or its members.
fn list_subschemas<'r>(
    here: &ResolvedSchema<'r>,
    value: &'r Value,
    by_name: bool,
) -> Vec<ResolvedSchema<'r>> {
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
        .map(|schema| ResolvedSchema {
            schema,
            draft: here.draft.detect(schema),
            resolver: here.resolver.clone(),
        })
        .collect()
}
