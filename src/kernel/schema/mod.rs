//! JSON Schema: checks a JSON value and reports broken rules as [`Violation`]s.
//!
//! Schemas and values come from users, and a small schema can demand exponential work for a small value. Two
//! limits prevent that: at compilation, on the work that the schema can demand for one place of a value
//! ([`work`]), and during a check, on the steps really taken ([`budget`]).

mod budget;
mod draft;
mod ecma_patterns;
mod keywords;
mod panics;
mod pattern_size;
pub(super) mod report;
mod resources;
mod schema_error;
mod work;

use std::sync::LazyLock;

use jsonschema::{PatternOptions, Validator};
use referencing::Draft;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::report::truncate_text;
use self::{
    budget::{Budget, BudgetedJson, BudgetedValue, run_with_budget},
    draft::detect_draft,
    ecma_patterns::{PatternSources, TranslationScope, translate_patterns},
    report::to_violations,
    schema_error::describe_compile_error,
    work::WorkEstimate,
};
use super::{
    critical_thread,
    violation::{Location, Rule, Violation},
};

/// Maximum product of the nesting depth of the value and the length of the chain of subschemas at one place.
/// Each level takes stack space.
const MAX_CHECK_DEPTH: usize = 2000;
/// Maximum nesting depth of a schema.
const MAX_SCHEMA_DEPTH: usize = 128;
/// Approximate maximum memory of the collected errors, in bytes.
const MAX_ERROR_BYTES: u64 = 8 << 20;
/// Maximum number of backtracking steps of a pattern.
const MAX_BACKTRACKS: usize = 10_000;
/// Maximum size of a compiled pattern, in bytes.
const MAX_COMPILED_PATTERN_BYTES: usize = 4 << 20;
/// Maximum length of a text that is checked for the format `regex`, in bytes.
const MAX_REGEX_BYTES: usize = 1000;

/// Limits on the work for JSON Schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Maximum number of subschemas that may apply to one place of a value.
    pub max_work: u64,
    /// Maximum number of subschemas of a schema.
    pub max_subschemas: usize,
    /// Maximum number of steps for the check of one value.
    pub max_steps: u64,
    /// Maximum number of errors that a check of one value collects.
    pub max_errors: u64,
}

impl Limits {
    /// The limits for stored schemas, which were accepted before. Only the limits of the compilation itself apply.
    pub const STORED: Self = Self {
        max_work: u64::MAX,
        max_subschemas: usize::MAX,
        max_steps: 0,
        max_errors: 0,
    };

    /// Divides the steps for one value among `values` values.
    #[must_use]
    pub fn divided_among(self, values: u64) -> Self {
        Self {
            max_steps: (self.max_steps / values.max(1)).max(1_000),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_work: 10_000,
            max_subschemas: 50_000,
            max_steps: 1_000_000,
            max_errors: 1_000,
        }
    }
}

/// A compiled JSON Schema. The compilation never fetches remote references.
#[derive(Debug)]
pub struct Schema {
    validator: Validator<BudgetedJson>,
    work: WorkEstimate,
    /// Map from translated patterns to their originals.
    patterns: PatternSources,
}

impl Schema {
    /// Compiles a schema. It is read as draft-07, unless it names or needs another draft.
    ///
    /// # Errors
    /// A text that describes the defect or names the exceeded limit.
    pub fn compile(schema: &Value, limits: &Limits) -> Result<Self, String> {
        critical_thread::assert_not_critical("the compilation of a JSON Schema");
        if !is_nested_at_most(schema, MAX_SCHEMA_DEPTH) {
            return Err(format!("it is nested more than {MAX_SCHEMA_DEPTH} deep"));
        }
        let draft = detect_draft(schema);
        let compiled = Self::compile_with_draft(schema, draft, limits);
        // Earlier versions read all schemas as 2020-12. A stored schema is accepted if either draft can read it.
        if compiled.is_err() && draft == Some(Draft::Draft7) && *limits == Limits::STORED {
            return Self::compile_with_draft(schema, Some(Draft::Draft202012), limits).or(compiled);
        }
        compiled
    }

    fn compile_with_draft(
        schema: &Value,
        draft: Option<Draft>,
        limits: &Limits,
    ) -> Result<Self, String> {
        let counted_as = draft.unwrap_or_default();
        let work = work::count_work(schema, counted_as, limits.max_subschemas)?;
        if work.max_applied > limits.max_work {
            let WorkEstimate {
                max_applied: most,
                pointer: place,
                ..
            } = &work;
            let most = if *most > 1_000_000_000 {
                "over a billion".to_owned()
            } else {
                most.to_string()
            };
            return Err(format!(
                "{place} asks for {most} checks of one value, and at most {} are allowed (schemas.max_work)",
                limits.max_work
            ));
        }
        let options = validator_options();
        let options = match draft {
            Some(draft) => options.with_draft(draft),
            None => options,
        };
        let mut failed = None;
        for scope in [TranslationScope::Whole, TranslationScope::WithoutDots] {
            let found = translate_patterns(schema, scope);
            let (schema, patterns) = match &found {
                Some((schema, patterns)) => (schema, patterns.clone()),
                None => (schema, PatternSources::new()),
            };
            match options.build(schema) {
                Ok(validator) => {
                    return Ok(Self {
                        validator,
                        work,
                        patterns,
                    });
                }
                Err(error) => {
                    failed = failed.or_else(|| Some(describe_compile_error(&error, &patterns)))
                }
            }
            if found.is_none() {
                break;
            }
        }
        Err(failed.unwrap_or_else(|| "it cannot be compiled".to_owned()))
    }

    /// True if `value` is valid. False also if the check exceeds the limit of steps.
    #[must_use]
    pub fn is_valid(&self, value: &Value, limits: &Limits) -> bool {
        critical_thread::assert_not_critical("a JSON Schema");
        let budget = Budget {
            steps: limits.max_steps,
            errors: 0,
            costs: self.work.costs,
        };
        let is_valid = || self.validator.is_valid(BudgetedValue(value));
        let (valid, spent) = run_with_budget(budget, is_valid);
        valid && !spent.exhausted
    }

    /// Returns the rules that `value` breaks, with paths relative to `location`. Empty if the value is valid.
    ///
    /// If the check exceeds the limit of steps, returns one rule that says so. If it stops before all broken
    /// rules are found, the last rule says so.
    #[must_use]
    pub fn check(&self, value: &Value, location: Location, limits: &Limits) -> Vec<Violation> {
        critical_thread::assert_not_critical("a JSON Schema");
        let whole = |rule: String| Violation {
            location,
            path: Vec::new(),
            rule: Rule::Other(rule),
        };
        let deepest = MAX_CHECK_DEPTH / self.work.depth.max(1);
        if !is_nested_at_most(value, deepest) {
            let rule = format!("must not be nested more than {deepest} deep for this schema");
            return vec![whole(rule)];
        }
        let budget = Budget {
            steps: limits.max_steps,
            errors: 0,
            costs: self.work.costs,
        };
        let (valid, spent) =
            run_with_budget(budget, || self.validator.is_valid(BudgetedValue(value)));
        if spent.exhausted {
            return vec![whole(format!(
                "asks for more than {} steps to check (schemas.max_steps)",
                limits.max_steps
            ))];
        }
        if valid {
            return Vec::new();
        }
        // An error holds the path to its value. An error of `not` also holds a copy of the schema.
        let bytes = 1000 + longest_path_bytes(value) * 4 + self.work.negated_size * 100;
        let budget = Budget {
            // Errors hold the names of unexpected members.
            steps: limits.max_steps / 4,
            errors: limits.max_errors.min(MAX_ERROR_BYTES / bytes).max(1),
            ..budget
        };
        let find = || {
            let errors = self.validator.iter_errors(BudgetedValue(value));
            errors
                .flat_map(|error| to_violations(&error, location))
                .collect::<Vec<_>>()
        };
        // The validator panics when it formats the error of a pattern that gave up: it expects the text, but
        // the error holds a placeholder.
        let (found, spent) = run_with_budget(budget, || panics::catch_panic(find));
        let Some(mut broken) = found else {
            let rule = "has a string on which a pattern of its schema backtracks too often";
            return vec![whole(rule.to_owned())];
        };
        for violation in &mut broken {
            if let Rule::Pattern(pattern) = &mut violation.rule
                && let Some(written) = self.patterns.get(pattern)
            {
                pattern.clone_from(written);
            }
        }
        if broken.is_empty() {
            broken.push(whole("does not match its schema".to_owned()));
        } else if spent.exhausted {
            let more = Rule::More {
                count: 0,
                at_least: true,
            };
            broken.push(Violation {
                location,
                path: Vec::new(),
                rule: more,
            });
        }
        broken
    }
}

fn validator_options()
-> jsonschema::ValidationOptions<'static, std::sync::Arc<dyn jsonschema::Retrieve>, BudgetedJson> {
    let patterns = PatternOptions::fancy_regex()
        .size_limit(MAX_COMPILED_PATTERN_BYTES)
        .dfa_size_limit(MAX_COMPILED_PATTERN_BYTES)
        .backtrack_limit(MAX_BACKTRACKS);
    jsonschema::options_for::<BudgetedJson>()
        .should_validate_formats(true)
        .with_pattern_options(patterns)
        .with_format("regex", is_regex)
        // JavaScript validators treat these two as annotations, and so do later drafts.
        .without_content_encoding_support("base64")
        .without_content_media_type_support("application/json")
        // Draft-07 lacks these two formats, but the validators of its users support them.
        .with_format("uuid", |text| matches_format("uuid", text))
        .with_format("duration", |text| matches_format("duration", text))
}

/// True for a text that matches a format of a later draft.
fn matches_format(format: &'static str, text: &str) -> bool {
    static FORMATS: LazyLock<[(&str, jsonschema::Validator); 2]> = LazyLock::new(|| {
        ["uuid", "duration"].map(|format| {
            let options = jsonschema::options().should_validate_formats(true);
            let schema = options.build(&json!({"format": format}));
            (format, schema.expect("a schema of ours"))
        })
    });
    let known = FORMATS.iter().find(|(known, _)| *known == format);
    known.is_none_or(|(_, schema)| schema.is_valid(&Value::from(text)))
}

/// True for a valid regular expression. Parsing takes quadratic time in the number of its names.
fn is_regex(text: &str) -> bool {
    static REGEX: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let options = jsonschema::options().should_validate_formats(true);
        options
            .build(&json!({"format": "regex"}))
            .expect("a schema of ours")
    });
    text.len() <= MAX_REGEX_BYTES && REGEX.is_valid(&Value::from(text))
}

/// True if the value has no array or object below more than `deepest` others.
fn is_nested_at_most(value: &Value, deepest: usize) -> bool {
    let inner = |value: &Value| deepest > 0 && is_nested_at_most(value, deepest - 1);
    match value {
        Value::Array(items) => items.iter().all(inner),
        Value::Object(members) => members.values().all(inner),
        _ => true,
    }
}

/// Returns the length of the longest path in the value, in bytes: names of members and indices.
fn longest_path_bytes(value: &Value) -> u64 {
    let numeral_length = match value {
        Value::Array(items) => items.iter().map(longest_path_bytes).max(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| key.len() as u64 + longest_path_bytes(value))
            .max(),
        _ => return 0,
    };
    numeral_length.map_or(0, |numeral_length| numeral_length + 8)
}

#[cfg(test)]
mod tests;
