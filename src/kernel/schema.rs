//! JSON Schema: checks a JSON value and reports what it breaks as [`Violation`]s.

use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
    paths::{Location as Pointer, LocationSegment},
};
use serde_json::Value;

use super::violation::{Location, Rule, Step, Violation};

/// A compiled JSON Schema. Remote references are never fetched.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        jsonschema::options()
            .should_validate_formats(true)
            .build(schema)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Every rule that `value` breaks, with places counted from `location`. Empty if it is valid.
    #[must_use]
    pub fn check(&self, value: &Value, location: Location) -> Vec<Violation> {
        if self.0.is_valid(value) {
            return Vec::new();
        }
        self.0
            .iter_errors(value)
            .flat_map(|error| violations(&error, location))
            .collect()
    }
}

fn violations(error: &ValidationError<'_>, location: Location) -> Vec<Violation> {
    let path = steps(error.instance_path());
    let with = |extra: Option<&str>, rule: Rule| Violation {
        location,
        path: path
            .iter()
            .cloned()
            .chain(extra.map(|key| Step::Key(key.to_owned())))
            .collect(),
        rule,
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            vec![with(property.as_str(), Rule::Required)]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|key| with(Some(key), Rule::Unexpected))
            .collect(),
        other @ (ValidationErrorKind::AnyOf { context }
        | ValidationErrorKind::OneOfNotValid { context }) => alternatives(context, &path, location)
            .unwrap_or_else(|| vec![with(None, rule(other, error))]),
        other => vec![with(None, rule(other, error))],
    }
}

fn rule(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> Rule {
    match kind {
        ValidationErrorKind::Type { kind } => Rule::Type {
            expected: match kind {
                TypeKind::Single(name) => vec![name.to_string()],
                TypeKind::Multiple(names) => {
                    let mut names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
                    // `a string or null` reads better than the set's own order.
                    names.sort_by_key(|name| name == "null");
                    names
                }
            },
        },
        ValidationErrorKind::Enum { options } => Rule::OneOf {
            allowed: options
                .as_array()
                .map(|options| options.iter().map(Value::to_string).collect())
                .unwrap_or_default(),
        },
        ValidationErrorKind::Constant { expected_value } => Rule::OneOf {
            allowed: vec![expected_value.to_string()],
        },
        ValidationErrorKind::MinLength { limit }
        | ValidationErrorKind::MinItems { limit }
        | ValidationErrorKind::MinProperties { limit } => Rule::MinLength(*limit),
        ValidationErrorKind::MaxLength { limit }
        | ValidationErrorKind::MaxItems { limit }
        | ValidationErrorKind::MaxProperties { limit } => Rule::MaxLength(*limit),
        ValidationErrorKind::Minimum { limit } => Rule::Minimum(number(limit)),
        ValidationErrorKind::Maximum { limit } => Rule::Maximum(number(limit)),
        ValidationErrorKind::Format { format } => Rule::Format(format.clone()),
        ValidationErrorKind::Pattern { pattern } => Rule::Pattern(pattern.clone()),
        _ => Rule::Other(format!("is invalid: {}", error.masked())),
    }
}

/// What a value breaks that fits none of several alternatives. Those that are of another type than
/// the value say nothing, unless all of them are.
fn alternatives(
    context: &[Vec<ValidationError<'_>>],
    here: &[Step],
    location: Location,
) -> Option<Vec<Violation>> {
    let broken: Vec<Vec<Violation>> = context
        .iter()
        .map(|errors| {
            errors
                .iter()
                .flat_map(|error| violations(error, location))
                .collect()
        })
        .collect();
    let (of_another_type, fitting): (Vec<_>, Vec<_>) = broken
        .into_iter()
        .partition(|violations| expected_type(violations, here).is_some());
    if fitting.len() > 1 {
        return None;
    }
    if let Some(fitting) = fitting.into_iter().next() {
        return Some(fitting);
    }
    let mut expected: Vec<String> = of_another_type
        .iter()
        .flat_map(|violations| expected_type(violations, here).unwrap_or_default())
        .cloned()
        .collect();
    expected.sort_by_key(|name| name == "null");
    Some(vec![Violation {
        location,
        path: here.to_vec(),
        rule: Rule::Type { expected },
    }])
}

/// The types that were expected of the value here, if that is all there is.
fn expected_type<'a>(violations: &'a [Violation], here: &[Step]) -> Option<&'a [String]> {
    match violations {
        [
            Violation {
                path,
                rule: Rule::Type { expected },
                ..
            },
        ] if path == here => Some(expected),
        _ => None,
    }
}

/// A bound as people write it: `0`, not the `0.0` that some documents have.
fn number(limit: &Value) -> String {
    let text = limit.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn steps(pointer: &Pointer) -> Vec<Step> {
    pointer
        .iter()
        .map(|segment| match segment {
            LocationSegment::Property(key) => Step::Key(key.to_string()),
            LocationSegment::Index(index) => Step::Index(index),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(schema: &Value, value: &Value) -> Vec<String> {
        Schema::compile(schema)
            .expect("a schema")
            .check(value, Location::Body)
            .iter()
            .map(Violation::to_string)
            .collect()
    }

    #[test]
    fn names_the_place_and_the_rule() {
        let schema = json!({
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 3},
                "kind": {"enum": ["a", "b"]},
                "list": {"type": "array", "items": {"type": ["integer", "null"]}},
                "either": {"anyOf": [
                    {"type": "null"},
                    {"anyOf": [{"type": "string", "minLength": 1}, {"type": "boolean"}]}
                ]},
                "object": {"anyOf": [
                    {"type": "null"},
                    {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
                ]}
            }
        });
        assert_eq!(
            messages(&schema, &json!({"name": "x", "list": [1, null]})),
            [""; 0]
        );
        assert_eq!(messages(&schema, &json!({})), ["name is required"]);
        assert_eq!(
            messages(
                &schema,
                &json!({"name": 1, "kind": "c", "list": [1, "x"], "more": 1})
            ),
            [
                "name must be a string",
                "kind must be one of \"a\", \"b\"",
                "list[1] must be an integer or null",
                "more is not allowed here",
            ]
        );
        assert_eq!(
            messages(&schema, &json!({"name": "x", "either": 1.5})),
            ["either must be a string or a boolean or null"]
        );
        assert_eq!(
            messages(
                &schema,
                &json!({"name": "x", "either": "", "object": {"a": 1}})
            ),
            ["either must not be empty", "object.a must be a string"]
        );
        assert_eq!(
            messages(&schema, &json!({"name": "x", "either": true, "object": {}})),
            ["object.a is required"]
        );
        assert_eq!(
            messages(&schema, &json!({"name": "long"})),
            ["name must have a length of at most 3"]
        );
        assert_eq!(
            messages(&schema, &json!([])),
            ["The body must be an object"]
        );
    }

    #[test]
    fn a_broken_schema_is_an_error_and_a_remote_one_is_not_fetched() {
        assert!(Schema::compile(&json!({"type": 5})).is_err());
        assert!(Schema::compile(&json!({"$ref": "http://127.0.0.1:1/x.json"})).is_err());
    }
}
