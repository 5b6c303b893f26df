//! Parts of a schema without references, and the places of what a form cannot have.

use std::cell::Cell;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Undrawable;
use crate::kernel::Rule;

/// How many references may lead from one to the next.
const STEPS_MAX: usize = 10;
/// How many schemas one form may be read from, each reference counted.
const SCHEMAS_MAX: usize = 2_000;
/// Keywords that make rules between fields, which a page without scripts cannot follow. The names lead
/// to the reasons that a developer reads.
const REFUSED: [(&str, &str); 14] = [
    ("allOf", "must have one schema at most in a form"),
    ("not", "cannot be asked for in a form"),
    ("if", RULE_BETWEEN_FIELDS),
    ("then", RULE_BETWEEN_FIELDS),
    ("else", RULE_BETWEEN_FIELDS),
    ("dependencies", RULE_BETWEEN_FIELDS),
    ("dependentRequired", RULE_BETWEEN_FIELDS),
    ("dependentSchemas", RULE_BETWEEN_FIELDS),
    ("patternProperties", NAMES),
    ("propertyNames", NAMES),
    ("contains", "cannot be asked for in a form"),
    ("prefixItems", "cannot be asked for in a form"),
    ("$dynamicRef", REFERENCE),
    ("$recursiveRef", REFERENCE),
];
/// Keywords that describe a field and are no rules.
const NOTES: [&str; 9] = [
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
const NAMES: &str = "cannot be asked for in a form: its members have no fixed names";
const REFERENCE: &str = "must be a $ref to a member of definitions or $defs in this schema";

/// A schema with the place at which a walk through it stands.
pub(super) struct Place<'a> {
    root: &'a Map<String, Value>,
    /// The steps from the root, for messages.
    steps: Vec<String>,
    left: Cell<usize>,
}

impl<'a> Place<'a> {
    pub(super) const fn at_root(root: &'a Map<String, Value>) -> Self {
        Self {
            root,
            steps: Vec::new(),
            left: Cell::new(SCHEMAS_MAX),
        }
    }

    /// Goes on to a part of the schema; [`Place::leave`] takes the answer.
    pub(super) fn enter(&mut self, steps: &[&str]) -> usize {
        let length = self.steps.len();
        self.steps
            .extend(steps.iter().map(|step| (*step).to_owned()));
        length
    }

    /// Goes back.
    pub(super) fn leave(&mut self, length: usize) {
        self.steps.truncate(length);
    }

    /// The refusal of the schema at this place.
    pub(super) fn refuse(&self, rule: impl Into<String>) -> Undrawable {
        Undrawable {
            path: self.steps.clone(),
            rule: Rule::Other(rule.into()),
        }
    }

    /// The refusal of a member of the schema at this place.
    pub(super) fn refuse_member(&self, member: &str, rule: &str) -> Undrawable {
        let mut refused = self.refuse(rule);
        refused.path.push(member.to_owned());
        refused
    }

    /// The schema without references, and without keywords that a form cannot have.
    pub(super) fn resolve(&self, schema: &Value) -> Result<Map<String, Value>, Undrawable> {
        let Value::Object(schema) = schema else {
            return Err(self.refuse("must be an object"));
        };
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| self.refuse("is too much for a form"))?;
        self.left.set(left);
        let mut schema = schema.clone();
        for _ in 0..STEPS_MAX {
            let base = match (schema.remove("$ref"), single(&mut schema)) {
                (Some(reference), _) => self.target(&reference)?,
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
        Err(self.refuse("must not be a chain of so many references"))
    }

    /// One schema of two that hold together: one that is referred to, and the keywords beside the reference.
    ///
    /// # Errors
    /// A rule that both have, which no single field can follow.
    pub(super) fn merge(
        &self,
        mut base: Map<String, Value>,
        beside: Map<String, Value>,
    ) -> Result<Map<String, Value>, Undrawable> {
        for (keyword, value) in beside {
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
                // Titles and defaults beside a reference go before those of its target.
                (name, Some(known)) if NOTES.contains(&name) => *known = value,
                (_, None) => {
                    base.insert(keyword, value);
                }
                _ => return Err(self.refuse_member(&keyword, "is given in two ways")),
            }
        }
        Ok(base)
    }

    fn target(&self, reference: &Value) -> Result<Value, Undrawable> {
        let wrong = || self.refuse_member("$ref", REFERENCE);
        let text = reference.as_str().ok_or_else(wrong)?;
        let pointer = text.strip_prefix('#').ok_or_else(wrong)?;
        let pointer = percent_decode_str(pointer).decode_utf8_lossy();
        let mut steps = pointer.split('/').skip(1);
        let holder = steps
            .next()
            .filter(|name| ["definitions", "$defs"].contains(name));
        let mut found = self.root.get(holder.ok_or_else(wrong)?).ok_or_else(wrong)?;
        for step in steps {
            let step = step.replace("~1", "/").replace("~0", "~");
            found = found.get(step).ok_or_else(wrong)?;
        }
        Ok(found.clone())
    }

    fn check_keywords(&self, schema: &Map<String, Value>) -> Result<(), Undrawable> {
        for (keyword, rule) in REFUSED {
            if schema.contains_key(keyword) {
                return Err(self.refuse_member(keyword, rule));
            }
        }
        // Other keywords are checked as they stand, without what they could refer to.
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
        let figure = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
        for (least, most) in bounds {
            if let (Some(low), Some(high)) = (figure(least), figure(most))
                && low > high
            {
                let rule = format!("is above {most}, so that nothing can be filled in");
                return Err(self.refuse_member(least, &rule));
            }
        }
        Ok(())
    }
}

/// The one schema of an `allOf`, which is taken out.
fn single(schema: &mut Map<String, Value>) -> Option<Value> {
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
