//! Converts the validator's errors to [`Violation`]s.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind},
    paths::{Location as Pointer, LocationSegment},
};
use serde_json::Value;

use super::budget::is_after_exhaustion;
use crate::kernel::violation::{Location, PathSegment, Rule, Violation};

/// Maximum number of values of an `enum` that an error lists.
const MAX_VALUES: usize = 50;

/// Returns the rules of an error. An error from after the end of the budget has none, with one exception: if
/// some alternatives were checked before, it is certain that none of them matches.
pub(super) fn to_violations(error: &ValidationError<'_>, location: Location) -> Vec<Violation> {
    let path = to_path(error.instance_path());
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } =
        error.kind()
    {
        let unseen = |error: &ValidationError<'_>| is_after_exhaustion(error.instance());
        let mut looked_into = context.iter().flatten();
        if looked_into.clone().any(unseen) && looked_into.any(|error| !unseen(error)) {
            return vec![Violation {
                location,
                path,
                rule: Rule::Other("fits none of the alternatives".to_owned()),
            }];
        }
    }
    if is_after_exhaustion(error.instance()) {
        return Vec::new();
    }
    let with = |extra: Option<&str>, rule: Rule| Violation {
        location,
        path: path
            .iter()
            .cloned()
            .chain(extra.map(|key| PathSegment::Key(key.to_owned())))
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
        | ValidationErrorKind::OneOfNotValid { context }) => {
            merge_alternatives(context, &path, location)
                .unwrap_or_else(|| vec![with(None, to_rule(other, error))])
        }
        other => vec![with(None, to_rule(other, error))],
    }
}

fn to_rule(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> Rule {
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
                .map(|options| format_values(options))
                .unwrap_or_default(),
        },
        ValidationErrorKind::Constant { expected_value } => Rule::OneOf {
            allowed: format_values(std::slice::from_ref(&**expected_value)),
        },
        ValidationErrorKind::MinLength { limit }
        | ValidationErrorKind::MinItems { limit }
        | ValidationErrorKind::MinProperties { limit } => Rule::MinLength(*limit),
        ValidationErrorKind::MaxLength { limit }
        | ValidationErrorKind::MaxItems { limit }
        | ValidationErrorKind::MaxProperties { limit } => Rule::MaxLength(*limit),
        ValidationErrorKind::Minimum { limit } => Rule::Minimum(format_limit(limit)),
        ValidationErrorKind::Maximum { limit } => Rule::Maximum(format_limit(limit)),
        ValidationErrorKind::Format { format } => Rule::Format(format.clone()),
        ValidationErrorKind::Pattern { pattern } => Rule::Pattern(pattern.clone()),
        _ => Rule::Other(describe_rule(kind, error)),
    }
}

/// Describes the rules that have no variant of [`Rule`].
fn describe_rule(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            format!("must be greater than {}", format_limit(limit))
        }
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            format!("must be less than {}", format_limit(limit))
        }
        ValidationErrorKind::MultipleOf { multiple_of } => {
            format!("must be a multiple of {multiple_of}")
        }
        ValidationErrorKind::UniqueItems => {
            "must not have two equal items (uniqueItems)".to_owned()
        }
        ValidationErrorKind::Contains => "must have an item of another kind (contains)".to_owned(),
        ValidationErrorKind::AdditionalItems { limit } => {
            format!("must not have more than {limit} items (additionalItems)")
        }
        ValidationErrorKind::Not { .. } => "must not fit the schema of not".to_owned(),
        ValidationErrorKind::FalseSchema => "is not allowed here".to_owned(),
        ValidationErrorKind::AnyOf { .. } => "fits none of the alternatives (anyOf)".to_owned(),
        ValidationErrorKind::OneOfNotValid { .. } => {
            "fits none of the alternatives (oneOf)".to_owned()
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "fits more than one of the alternatives (oneOf)".to_owned()
        }
        other => truncate_text(
            &format!("is invalid ({}): {}", other.keyword(), error.masked()),
            500,
        ),
    }
}

/// Returns the rules that a value breaks if it matches no alternative. Alternatives of another type than the
/// value's are ignored, unless all of them are.
fn merge_alternatives(
    context: &[Vec<ValidationError<'_>>],
    here: &[PathSegment],
    location: Location,
) -> Option<Vec<Violation>> {
    let broken: Vec<Vec<Violation>> = context
        .iter()
        .map(|errors| {
            errors
                .iter()
                .flat_map(|error| to_violations(error, location))
                .collect()
        })
        .collect();
    let (of_another_type, fitting): (Vec<_>, Vec<_>) = broken
        .into_iter()
        .partition(|violations| single_expected_type(violations, here).is_some());
    if fitting.len() > 1 {
        return None;
    }
    if let Some(fitting) = fitting.into_iter().next() {
        return Some(fitting);
    }
    let mut expected: Vec<String> = of_another_type
        .iter()
        .flat_map(|violations| single_expected_type(violations, here).unwrap_or_default())
        .cloned()
        .collect();
    expected.sort_by_key(|name| name == "null");
    Some(vec![Violation {
        location,
        path: here.to_vec(),
        rule: Rule::Type { expected },
    }])
}

/// Returns the types expected of the value at `here`, if that is the only broken rule.
fn single_expected_type<'a>(
    violations: &'a [Violation],
    here: &[PathSegment],
) -> Option<&'a [String]> {
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

/// Formats values as JSON, up to a maximum number.
fn format_values(values: &[Value]) -> Vec<String> {
    let texts = values.iter().take(MAX_VALUES).map(|value| match value {
        // To format a large value only to truncate it would take as much memory as the value.
        Value::Array(_) | Value::Object(_) if super::budget::traversal_cost(value) > 50 => {
            "…".to_owned()
        }
        Value::String(text) if text.len() > 300 => format!("{:?}", truncate_text(text, 300)),
        value => value.to_string(),
    });
    let mut texts: Vec<String> = texts.collect();
    if values.len() > MAX_VALUES {
        texts.push(format!("… ({} values)", values.len()));
    }
    texts
}

/// Formats a limit as people write it: `0`, not `0.0` as in some documents.
fn format_limit(limit: &Value) -> String {
    let text = limit.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Converts the validator's path.
pub(super) fn to_path(pointer: &Pointer) -> Vec<PathSegment> {
    pointer
        .iter()
        .map(|segment| match segment {
            LocationSegment::Property(key) => PathSegment::Key(key.to_string()),
            LocationSegment::Index(index) => PathSegment::Index(index),
        })
        .collect()
}

/// Truncates a text to about `max_bytes` bytes of JSON. `…` replaces the rest.
pub(crate) fn truncate_text(text: &str, max_bytes: usize) -> String {
    let mut left = max_bytes;
    let mut short = String::new();
    for character in text.chars() {
        let bytes = match character {
            '"' | '\\' => 2,
            control if control.is_control() => 6,
            other => other.len_utf8(),
        };
        if bytes > left {
            short.push('…');
            break;
        }
        left -= bytes;
        short.push(character);
    }
    short
}
