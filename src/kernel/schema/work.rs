//! Counts, without a value, how much work a schema can ask of one value.
//!
//! Subschemas that apply to the same place of a value (`anyOf`, `allOf`, `$ref`, …) add up along each
//! way on which they are reached, so nested alternatives multiply. A schema that leads back to
//! itself at the same place has no end. Schemas that come back to themselves further inside of the
//! value are counted once: how often they apply depends on the value.

use std::collections::{HashMap, HashSet};

use referencing::{Draft, Registry, Resolver};
use serde_json::{Map, Value};

use super::{
    counted::Prices,
    patterns::{self, Pattern},
};

/// How many subschemas may lead one to the next at the same place: each takes some of the stack.
pub(super) const DEEPEST: usize = 64;
/// The largest size of all patterns of a schema together, in states.
const ALL_PATTERNS: u64 = 200_000;
/// The most pairs of resources, with an `$id` each, of which one refers to the other. The validator compiles
/// a resource anew for each way on which it is reached.
const CROSSINGS_MAX: usize = 25;
/// The base of references in a schema without an `$id`.
const BASE: &str = "json-schema:///";

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

/// What the count found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Work {
    /// The most subschemas that apply to one place of a value.
    pub(super) most: u64,
    /// Where in the schema that is, as a JSON pointer.
    pub(super) place: String,
    /// The most subschemas that lead one to the next at one place.
    pub(super) depth: usize,
    /// What a look at a value costs.
    pub(super) prices: Prices,
    /// The size of the largest subschema below `not`, in values: errors hold a copy of it.
    pub(super) negated: u64,
}

/// Counts the work of a schema with at most so many subschemas.
///
/// # Errors
/// A text that says why it has no end, or which limit it exceeds.
pub(super) fn count(schema: &Value, max_subschemas: usize) -> Result<Work, String> {
    if is_used(schema, &["$dynamicRef", "$recursiveRef"]) && has_embedded(schema) {
        // Where such a reference leads depends on the way to it.
        return Err("it refers dynamically across embedded resources with an $id".to_owned());
    }
    let draft = Draft::default().detect(schema);
    let resource = draft.create_resource_ref(schema);
    let registry = Registry::new()
        .draft(draft)
        .add(BASE, resource)
        .and_then(referencing::RegistryBuilder::prepare)
        .map_err(|error| error.to_string())?;
    let base = referencing::uri::from_str(BASE).map_err(|error| error.to_string())?;
    let mut counter = Counter {
        root: schema,
        max_subschemas,
        counts: HashMap::new(),
        on_the_way: HashSet::new(),
        inside: vec![At {
            schema,
            resolver: registry.resolver(base),
            draft,
        }],
        most: (0, schema),
        depth: 0,
        unseen: 0,
        negated: 0,
        patterns: HashMap::new(),
        crossings: HashSet::new(),
    };
    while let Some(at) = counter.inside.pop() {
        counter.visit(&at, 0)?;
    }
    counter.finish()
}

/// A subschema, and what references in it are resolved against.
#[derive(Clone)]
struct At<'r> {
    schema: &'r Value,
    resolver: Resolver<'r>,
    draft: Draft,
}

/// What one subschema asks at the place where it applies.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// Subschemas that apply when it is checked, itself included.
    checked: u64,
    /// Subschemas that apply when it is looked up what it has evaluated.
    marked: u64,
    /// The most that lead one to the next, itself included.
    depth: usize,
    /// Those of `checked` that do not look at the value, in quarters of one that does nothing else.
    unseen: u64,
}

struct Counter<'r> {
    root: &'r Value,
    max_subschemas: usize,
    counts: HashMap<usize, Count>,
    on_the_way: HashSet<usize>,
    inside: Vec<At<'r>>,
    most: (u64, &'r Value),
    depth: usize,
    unseen: u64,
    negated: u64,
    patterns: HashMap<&'r str, Pattern>,
    crossings: HashSet<(String, String)>,
}

impl<'r> Counter<'r> {
    fn visit(&mut self, at: &At<'r>, above: usize) -> Result<Count, String> {
        let address = std::ptr::from_ref(at.schema) as usize;
        if let Some(known) = self.counts.get(&address) {
            self.check_depth(at.schema, above + known.depth)?;
            return Ok(*known);
        }
        if !self.on_the_way.insert(address) {
            return Err(format!(
                "{} leads back to itself at the same place of a value",
                self.place_of(at.schema)
            ));
        }
        self.check_depth(at.schema, above + 1)?;
        if self.counts.len() >= self.max_subschemas {
            return Err(format!(
                "it has more than {} subschemas (schemas.max_subschemas)",
                self.max_subschemas
            ));
        }
        let count = match at.schema {
            Value::Object(keywords) => self.keywords(at, keywords, above)?,
            _ => Count {
                checked: 1,
                marked: 0,
                depth: 1,
                unseen: 4,
            },
        };
        self.on_the_way.remove(&address);
        self.counts.insert(address, count);
        if count.checked > self.most.0 {
            self.most = (count.checked, at.schema);
        }
        self.depth = self.depth.max(count.depth);
        self.unseen = self.unseen.max(count.unseen);
        Ok(count)
    }

    fn check_depth(&self, schema: &Value, depth: usize) -> Result<(), String> {
        if depth <= DEEPEST {
            return Ok(());
        }
        Err(format!(
            "at {} more than {DEEPEST} subschemas lead one to the next at the same place of a value",
            self.place_of(schema)
        ))
    }

    fn keywords(
        &mut self,
        at: &At<'r>,
        keywords: &'r Map<String, Value>,
        above: usize,
    ) -> Result<Count, String> {
        let resource = at.draft.create_resource_ref(at.schema);
        let resolver = at.resolver.in_subresource(resource);
        let here = At {
            // An `$id` that is none is refused when the schema is compiled.
            resolver: resolver.unwrap_or_else(|_| at.resolver.clone()),
            ..at.clone()
        };
        let mut count = Count {
            checked: 1,
            depth: 1,
            ..Count::default()
        };
        let (mut beside, mut looks, mut marks) = (0_u32, false, false);
        for (keyword, value) in keywords {
            if let Some(targets) = in_place(&here, keyword, value) {
                for target in targets {
                    self.note_crossing(&here, &target)?;
                    let found = self.visit(&target, above + 1)?;
                    count.checked = count.checked.saturating_add(found.checked);
                    let marked = found.checked.saturating_add(found.marked);
                    count.marked = count.marked.saturating_add(marked);
                    count.depth = count.depth.max(found.depth + 1);
                    count.unseen = count.unseen.saturating_add(found.unseen);
                    beside += 1;
                }
            } else {
                looks |= here.draft.is_known_keyword(keyword);
                marks |= keyword.starts_with("unevaluated");
                self.look_inside(&here, keyword, value);
            }
            self.note(keyword, value)?;
        }
        if marks {
            count.checked = count.checked.saturating_add(count.marked);
        }
        if !looks && beside < 2 {
            count.unseen = count.unseen.saturating_add(if beside == 0 { 4 } else { 1 });
        }
        Ok(count)
    }

    /// Leaves the subschemas for parts of a value for later.
    fn look_inside(&mut self, here: &At<'r>, keyword: &str, value: &'r Value) {
        let by_name = INSIDE_BY_NAME.contains(&keyword);
        if by_name || INSIDE.contains(&keyword) {
            let targets = schemas(here, value, by_name);
            self.inside.extend(targets.filter(|target| {
                let address = std::ptr::from_ref(target.schema) as usize;
                !self.counts.contains_key(&address)
            }));
        }
    }

    /// Notes patterns, and what is copied into errors.
    fn note(&mut self, keyword: &str, value: &'r Value) -> Result<(), String> {
        match (keyword, value) {
            ("not", negated) => self.negated = self.negated.max(super::counted::whole(negated)),
            ("pattern", Value::String(pattern)) => self.note_pattern(pattern)?,
            ("patternProperties", Value::Object(members)) => members
                .keys()
                .try_for_each(|pattern| self.note_pattern(pattern))?,
            _ => {}
        }
        Ok(())
    }

    fn note_crossing(&mut self, from: &At<'r>, to: &At<'r>) -> Result<(), String> {
        let (from, to) = (from.resolver.base_uri(), to.resolver.base_uri());
        if from != to {
            let crossing = (from.as_str().to_owned(), to.as_str().to_owned());
            self.crossings.insert(crossing);
        }
        if self.crossings.len() > CROSSINGS_MAX {
            return Err("too many of its resources with an $id refer to one another".to_owned());
        }
        Ok(())
    }

    fn note_pattern(&mut self, pattern: &'r str) -> Result<(), String> {
        if !self.patterns.contains_key(pattern) {
            let estimate = patterns::estimate(pattern)?;
            self.patterns.insert(pattern, estimate);
        }
        Ok(())
    }

    fn finish(self) -> Result<Work, String> {
        let patterns = || self.patterns.values();
        let size = patterns().fold(0_u64, |sum, pattern| sum.saturating_add(pattern.size));
        if size > ALL_PATTERNS {
            return Err("its patterns are too large together".to_owned());
        }
        let backtracks = patterns().any(|pattern| pattern.backtracks);
        Ok(Work {
            most: self.most.0,
            place: self.place_of(self.most.1),
            depth: self.depth,
            negated: self.negated,
            prices: Prices {
                look: 1 + self.unseen / 16,
                pattern: patterns().map(|pattern| pattern.active).max().unwrap_or(0),
                backtracking: if backtracks { 1000 } else { 0 },
            },
        })
    }

    /// Where a subschema is in the schema.
    fn place_of(&self, schema: &Value) -> String {
        let mut path = Vec::new();
        if find(self.root, schema, &mut path) {
            let steps = path.iter().rev();
            let escaped = steps.map(|step| step.replace('~', "~0").replace('/', "~1"));
            let pointer: String = escaped.map(|step| format!("/{step}")).collect();
            return super::report::shortened(&format!("#{pointer}"), 200);
        }
        "a document that it refers to".to_owned()
    }
}

/// The subschemas that a keyword applies to the same place; none if it is no such keyword.
fn in_place<'r>(here: &At<'r>, keyword: &str, value: &'r Value) -> Option<Vec<At<'r>>> {
    if IN_PLACE.contains(&keyword) {
        return Some(schemas(here, value, false).collect());
    }
    if IN_PLACE_BY_NAME.contains(&keyword) {
        return Some(schemas(here, value, true).collect());
    }
    if !REFERENCES.contains(&keyword) {
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

/// The subschemas in a keyword's value: itself, its items, or its members.
fn schemas<'r>(
    here: &At<'r>,
    value: &'r Value,
    by_name: bool,
) -> impl Iterator<Item = At<'r>> + use<'r> {
    let here = here.clone();
    let values: Vec<&'r Value> = match value {
        Value::Object(members) if by_name => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(_) | Value::Bool(_) if !by_name => vec![value],
        _ => Vec::new(),
    };
    values
        .into_iter()
        .filter(|value| value.is_object() || value.is_boolean())
        .map(move |schema| At {
            schema,
            draft: here.draft.detect(schema),
            resolver: here.resolver.clone(),
        })
}

/// True if one of these keywords is anywhere in a schema.
fn is_used(schema: &Value, keywords: &[&str]) -> bool {
    match schema {
        Value::Object(members) => members
            .iter()
            .any(|(key, value)| keywords.contains(&key.as_str()) || is_used(value, keywords)),
        Value::Array(items) => items.iter().any(|item| is_used(item, keywords)),
        _ => false,
    }
}

/// True if a part of a schema has an `$id` of its own.
fn has_embedded(schema: &Value) -> bool {
    let members = schema.as_object().into_iter().flatten();
    members
        .map(|(_, value)| value)
        .any(|value| is_used(value, &["$id"]))
}

/// Finds a value by its address; the path is from the inside out.
fn find(whole: &Value, wanted: &Value, path: &mut Vec<String>) -> bool {
    if std::ptr::eq(whole, wanted) {
        return true;
    }
    let step = match whole {
        Value::Object(members) => members
            .iter()
            .find(|(_, value)| find(value, wanted, path))
            .map(|(key, _)| key.clone()),
        Value::Array(items) => items
            .iter()
            .position(|value| find(value, wanted, path))
            .map(|index| index.to_string()),
        _ => None,
    };
    step.map(|step| path.push(step)).is_some()
}
