//! Chooses the draft of JSON Schema for a schema that names none.

use referencing::Draft;
use serde_json::{Map, Value};

/// Keywords whose value is data, not a schema.
const DATA_KEYWORDS: [&str; 4] = ["const", "enum", "default", "examples"];

/// Keywords whose value is an object that maps names (chosen by the author) to schemas.
const NAMED_SCHEMA_KEYWORDS: [&str; 6] = [
    "properties",
    "definitions",
    "$defs",
    "dependentSchemas",
    "dependencies",
    "patternProperties",
];

/// Keywords that were added after draft-07.
const NEWER_KEYWORDS: [&str; 11] = [
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
    "dependentRequired",
    "dependentSchemas",
    "minContains",
    "maxContains",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveRef",
];

/// Keywords that do not restrict a value.
const ANNOTATION_KEYWORDS: [&str; 8] = [
    "title",
    "description",
    "default",
    "examples",
    "readOnly",
    "writeOnly",
    "definitions",
    "$defs",
];

/// Returns the draft of a schema that names none; `None` for a schema that names one.
///
/// The vendors' schemas are draft-07 (botpress.md §4), which ignores keywords of later drafts and keywords
/// beside `$ref`. A schema with such keywords is read as 2020-12, so that no rule is silently ignored. The
/// tuple form `items: […]` exists only in draft-07.
pub(super) fn detect_draft(schema: &Value) -> Option<Draft> {
    if schema.get("$schema").is_some_and(Value::is_string) {
        return None;
    }
    let (mut newer, mut tuple) = (false, false);
    for_each_subschema(schema, &mut |members| {
        newer |= NEWER_KEYWORDS
            .iter()
            .any(|keyword| members.contains_key(*keyword));
        newer |= members.get("$ref").is_some_and(refers_to_later_draft);
        newer |=
            members.contains_key("$ref") && members.keys().any(|keyword| restricts_values(keyword));
        tuple |= members.get("items").is_some_and(Value::is_array);
    });
    Some(match newer && !tuple {
        true => Draft::Draft202012,
        false => Draft::Draft7,
    })
}

/// True for a reference to the meta-schema of a draft after draft-07.
fn refers_to_later_draft(reference: &Value) -> bool {
    let text = reference.as_str().unwrap_or_default();
    text.starts_with("https://json-schema.org/draft/")
}

/// True for a keyword that has an effect beside `$ref` in later drafts. `$id` has one: it is the base of the
/// reference.
fn restricts_values(keyword: &str) -> bool {
    if keyword.starts_with('$') {
        return keyword == "$id";
    }
    !ANNOTATION_KEYWORDS.contains(&keyword) && Draft::Draft202012.is_known_keyword(keyword)
}

/// Calls `see` for each subschema that is an object, the outermost first.
pub(super) fn for_each_subschema<'s>(
    schema: &'s Value,
    see: &mut impl FnMut(&'s Map<String, Value>),
) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| for_each_subschema(item, see)),
        Value::Object(members) => {
            see(members);
            for (keyword, value) in members {
                match value {
                    _ if DATA_KEYWORDS.contains(&&**keyword) => {}
                    Value::Object(inner) if has_named_schemas(keyword) => {
                        inner
                            .values()
                            .for_each(|value| for_each_subschema(value, see));
                    }
                    value => for_each_subschema(value, see),
                }
            }
        }
        _ => {}
    }
}

/// Calls `see` for each subschema that is an object, with write access.
pub(super) fn for_each_subschema_mut(
    schema: &mut Value,
    see: &mut impl FnMut(&mut Map<String, Value>),
) {
    match schema {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| for_each_subschema_mut(item, see)),
        Value::Object(members) => {
            see(members);
            for (keyword, value) in members {
                match value {
                    _ if DATA_KEYWORDS.contains(&&**keyword) => {}
                    Value::Object(inner) if has_named_schemas(keyword) => {
                        inner
                            .values_mut()
                            .for_each(|value| for_each_subschema_mut(value, see));
                    }
                    value => for_each_subschema_mut(value, see),
                }
            }
        }
        _ => {}
    }
}

fn has_named_schemas(keyword: &str) -> bool {
    NAMED_SCHEMA_KEYWORDS.contains(&keyword)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_without_a_draft_is_draft_07() {
        for (schema, draft) in [
            (json!({"type": "string"}), Draft::Draft7),
            (json!({"items": [{"type": "string"}]}), Draft::Draft7),
            (json!({"const": {"prefixItems": []}}), Draft::Draft7),
            (json!({"properties": {"prefixItems": {}}}), Draft::Draft7),
            (json!({"$ref": "#/$defs/a", "title": "A"}), Draft::Draft7),
            (json!({"allOf": [{"prefixItems": []}]}), Draft::Draft202012),
            (json!({"$ref": "#/a", "minimum": 1}), Draft::Draft202012),
            (
                json!({"$ref": "#/a", "minimum": 1, "allOf": [{"items": []}]}),
                Draft::Draft7,
            ),
        ] {
            assert_eq!(detect_draft(&schema), Some(draft), "{schema}");
        }
        let named = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
        assert_eq!(detect_draft(&named), None);
    }
}
