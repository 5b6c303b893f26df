//! Resolves references in parts of a schema, and refuses keywords that a form does not support, with their path.

use std::cell::Cell;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::UnsupportedSchema;
use crate::kernel::Rule;

/// Maximum number of references in a chain.
const REFERENCE_CHAIN_MAX: usize = 10;
/// Maximum number of schemas read for one form, with a schema counted at each reference.
const SCHEMAS_MAX: usize = 2_000;
/// Keywords that a form does not support: most are rules between fields, which a page without scripts cannot
/// apply. Each has the error message for the developer.
const UNSUPPORTED_KEYWORDS: [(&str, &str); 14] = [
    ("allOf", "must have one schema at most in a form"),
    ("not", "cannot be asked for in a form"),
    ("if", RULE_BETWEEN_FIELDS),
    ("then", RULE_BETWEEN_FIELDS),
    ("else", RULE_BETWEEN_FIELDS),
    ("dependencies", RULE_BETWEEN_FIELDS),
    ("dependentRequired", RULE_BETWEEN_FIELDS),
    ("dependentSchemas", RULE_BETWEEN_FIELDS),
    ("patternProperties", UNNAMED_MEMBERS),
    ("propertyNames", UNNAMED_MEMBERS),
    ("contains", "cannot be asked for in a form"),
    ("prefixItems", "cannot be asked for in a form"),
    ("$dynamicRef", UNSUPPORTED_REFERENCE),
    ("$recursiveRef", UNSUPPORTED_REFERENCE),
];
/// Annotations: keywords that describe a field and restrict nothing.
const ANNOTATIONS: [&str; 9] = [
    "title",
    "description",
    "default",
    "examples",
    "$comment",
    "order",
    "deprecated",
    "readOnly",
    "format",
];
const RULE_BETWEEN_FIELDS: &str =
    "is a rule between fields, which a form cannot follow: use oneOf with a const";
const UNNAMED_MEMBERS: &str = "cannot be asked for in a form: its members have no fixed names";
const UNSUPPORTED_REFERENCE: &str =
    "must be a $ref to a member of definitions or $defs in this schema";

/// A schema, and the current position of a walk through it.
pub(super) struct SchemaCursor<'a> {
    root: &'a Map<String, Value>,
    /// The path from the root, for error messages.
    path: Vec<String>,
    schemas_left: Cell<usize>,
}

impl<'a> SchemaCursor<'a> {
    pub(super) const fn at_root(root: &'a Map<String, Value>) -> Self {
        Self {
            root,
            path: Vec::new(),
            schemas_left: Cell::new(SCHEMAS_MAX),
        }
    }

    /// Enters a part of the schema. Returns the value to pass to [`leave`](Self::leave).
    pub(super) fn enter(&mut self, steps: &[&str]) -> usize {
        let length = self.path.len();
        self.path
            .extend(steps.iter().map(|step| (*step).to_owned()));
        length
    }

    /// Returns to the position before [`enter`](Self::enter).
    pub(super) fn leave(&mut self, length: usize) {
        self.path.truncate(length);
    }

    /// Returns a refusal of the schema at this position.
    pub(super) fn refuse(&self, rule: impl Into<String>) -> UnsupportedSchema {
        UnsupportedSchema {
            path: self.path.clone(),
            rule: Rule::Other(rule.into()),
        }
    }

    /// Returns a refusal of a member of the schema at this position.
    pub(super) fn refuse_member(&self, member: &str, rule: &str) -> UnsupportedSchema {
        let mut refused = self.refuse(rule);
        refused.path.push(member.to_owned());
        refused
    }

    /// Returns the schema with references resolved, after checking that it has no unsupported keywords.
    pub(super) fn resolve(&self, schema: &Value) -> Result<Map<String, Value>, UnsupportedSchema> {
        let Value::Object(schema) = schema else {
            return Err(self.refuse("must be an object"));
        };
        let left = self.schemas_left.get().checked_sub(1);
        let left = left.ok_or_else(|| {
            self.refuse(format!(
                "exceeds the limit of {SCHEMAS_MAX} schemas in a form"
            ))
        })?;
        self.schemas_left.set(left);
        let mut schema = schema.clone();
        for _ in 0..REFERENCE_CHAIN_MAX {
            let base = match (schema.remove("$ref"), take_single_all_of(&mut schema)) {
                (Some(reference), _) => self.resolve_reference(&reference)?,
                (None, Some(part)) => part,
                (None, None) => {
                    self.check_keywords(&schema)?;
                    return Ok(schema);
                }
            };
            let Value::Object(base) = base else {
                return Err(self.refuse("must be an object"));
            };
            schema = self.merge(base, schema)?;
        }
        let rule = format!("must not be a chain of more than {REFERENCE_CHAIN_MAX} references");
        Err(self.refuse(rule))
    }

    /// Merges two schemas that both apply: the target of a reference, and the keywords beside the reference.
    ///
    /// # Errors
    /// A refusal if both have different values for a rule, which a single field cannot express.
    pub(super) fn merge(
        &self,
        mut base: Map<String, Value>,
        sibling_keywords: Map<String, Value>,
    ) -> Result<Map<String, Value>, UnsupportedSchema> {
        for (keyword, value) in sibling_keywords {
            match (keyword.as_str(), base.get_mut(&keyword)) {
                (_, Some(known)) if *known == value => {}
                ("properties", Some(Value::Object(known))) => {
                    let Value::Object(members) = value else {
                        continue;
                    };
                    for (name, member) in members {
                        if known.get(&name).is_some_and(|known| *known != member) {
                            let rule = format!("describes {name} in two ways");
                            return Err(self.refuse_member("properties", &rule));
                        }
                        known.insert(name, member);
                    }
                }
                ("required", Some(Value::Array(known))) => {
                    let names = value.as_array().cloned().unwrap_or_default();
                    known.extend(names);
                }
                // Annotations beside a reference take precedence over those of its target.
                (name, Some(known)) if ANNOTATIONS.contains(&name) => *known = value,
                (_, None) => {
                    base.insert(keyword, value);
                }
                _ => return Err(self.refuse_member(&keyword, "is given in two ways")),
            }
        }
        Ok(base)
    }

    fn resolve_reference(&self, reference: &Value) -> Result<Value, UnsupportedSchema> {
        let wrong = || self.refuse_member("$ref", UNSUPPORTED_REFERENCE);
        let text = reference.as_str().ok_or_else(wrong)?;
        let pointer = text.strip_prefix('#').ok_or_else(wrong)?;
        let pointer = percent_decode_str(pointer).decode_utf8_lossy();
        let mut steps = pointer.split('/').skip(1);
        let container = steps
            .next()
            .filter(|name| ["definitions", "$defs"].contains(name));
        let mut found = self
            .root
            .get(container.ok_or_else(wrong)?)
            .ok_or_else(wrong)?;
        for step in steps {
            let step = step.replace("~1", "/").replace("~0", "~");
            found = found.get(step).ok_or_else(wrong)?;
        }
        Ok(found.clone())
    }

    fn check_keywords(&self, schema: &Map<String, Value>) -> Result<(), UnsupportedSchema> {
        for (keyword, rule) in UNSUPPORTED_KEYWORDS {
            if schema.contains_key(keyword) {
                return Err(self.refuse_member(keyword, rule));
            }
        }
        // The validator checks the other keywords as they are; this only refuses references in them.
        let walked = [
            "properties",
            "items",
            "oneOf",
            "anyOf",
            "allOf",
            "definitions",
            "$defs",
        ];
        let data = ["default", "examples", "enum", "const"];
        for (keyword, value) in schema {
            let is_left = !walked.contains(&&**keyword) && !data.contains(&&**keyword);
            if is_left && has_reference(value) {
                return Err(
                    self.refuse_member(keyword, "must not refer to another schema in a form")
                );
            }
        }
        let bounds = [
            ("minLength", "maxLength"),
            ("minItems", "maxItems"),
            ("minimum", "maximum"),
            ("minProperties", "maxProperties"),
        ];
        let number = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
        for (min, max) in bounds {
            if let (Some(low), Some(high)) = (number(min), number(max))
                && low > high
            {
                let rule = format!("is above {max}, so that nothing can be filled in");
                return Err(self.refuse_member(min, &rule));
            }
        }
        Ok(())
    }
}

/// Removes an `allOf` with exactly one schema and returns that schema.
fn take_single_all_of(schema: &mut Map<String, Value>) -> Option<Value> {
    let parts = schema.get("allOf")?.as_array()?;
    let [part] = parts.as_slice() else {
        return None;
    };
    let part = part.clone();
    schema.remove("allOf");
    Some(part)
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("$ref") || members.values().any(has_reference)
        }
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}
