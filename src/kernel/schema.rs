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
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            types(context).map_or_else(other_rule(error), |expected| Rule::Type { expected })
        }
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
        _ => other_rule(error)(),
    }
}

fn other_rule<'a>(error: &'a ValidationError<'_>) -> impl FnOnce() -> Rule + 'a {
    || Rule::Other(format!("is invalid: {}", error.masked()))
}

/// The types of alternatives, where each alternative is nothing but a type.
fn types(alternatives: &[Vec<ValidationError<'static>>]) -> Option<Vec<String>> {
    let mut expected = Vec::new();
    for errors in alternatives {
        let [error] = errors.as_slice() else {
            return None;
        };
        match error.kind() {
            ValidationErrorKind::Type {
                kind: TypeKind::Single(name),
            } => expected.push(name.to_string()),
            ValidationErrorKind::AnyOf { context } => expected.extend(types(context)?),
            _ => return None,
        }
    }
    expected.sort_by_key(|name| name == "null");
    Some(expected)
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
                    {"anyOf": [{"type": "string"}, {"type": "boolean"}]}
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
