//! Estimates, without a value, the work that a schema can demand for one value.
//!
//! Subschemas that apply to the same place of a value (`anyOf`, `allOf`, `$ref`, …) are counted for each path
//! that reaches them, so nested alternatives multiply. A cycle at the same place would be endless and is
//! rejected. A recursion into parts of the value counts once, because its depth depends on the value.

use std::collections::{HashMap, HashSet};

use referencing::{Draft, Registry};
use serde_json::{Map, Value};

use super::{
    budget::StepCosts,
    keywords::{self, ResolvedSchema, in_place_subschemas, inner_subschemas},
    pattern_size::{self, PatternEstimate},
    resources::Resources,
};

/// Maximum length of a chain of subschemas at the same place. Each takes stack space.
pub(super) const MAX_CHAIN: usize = 64;
/// Maximum size of all patterns of a schema together, in states.
const MAX_PATTERNS_SIZE: u64 = 200_000;
/// Base URI of a schema without an `$id`.
const BASE_URI: &str = "json-schema:///";

/// The result of the count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkEstimate {
    /// Maximum number of subschemas that apply to one place of a value.
    pub(super) max_applied: u64,
    /// JSON pointer of the subschema with that maximum.
    pub(super) pointer: String,
    /// Maximum length of a chain of subschemas at one place.
    pub(super) depth: usize,
    /// Steps that each access to a value takes.
    pub(super) costs: StepCosts,
    /// Size of the largest subschema below `not`, in values. Errors hold a copy of it.
    pub(super) negated_size: u64,
}

/// Counts the work of a schema. `draft` applies if the schema names none.
///
/// # Errors
/// A text that names the cycle or the exceeded limit.
pub(super) fn count_work(
    schema: &Value,
    draft: Draft,
    max_subschemas: usize,
) -> Result<WorkEstimate, String> {
    let draft = draft.detect(schema);
    let resource = draft.create_resource_ref(schema);
    let registry = Registry::new()
        .draft(draft)
        .add(BASE_URI, resource)
        .and_then(referencing::RegistryBuilder::prepare)
        .map_err(|error| error.to_string())?;
    let base = referencing::uri::from_str(BASE_URI).map_err(|error| error.to_string())?;
    let whole = ResolvedSchema {
        schema,
        resolver: registry.resolver(base),
        draft,
    };
    let mut counter = WorkCounter {
        root: schema,
        max_subschemas,
        counts: HashMap::new(),
        visiting: HashSet::new(),
        resources: Resources::collect(schema, &whole)?,
        queue: vec![whole],
        most: (0, schema),
        depth: 0,
        unmetered: 0,
        negated_size: 0,
        patterns: HashMap::new(),
    };
    while let Some(at) = counter.queue.pop() {
        counter.visit(&at, 0)?;
    }
    counter.finish()
}

/// The work of one subschema at the place where it applies.
#[derive(Debug, Clone, Copy, Default)]
struct SubschemaWork {
    /// Number of subschemas that a check applies, itself included.
    checked: u64,
    /// Number of subschemas that `unevaluated…` keywords apply again, to find out the parts that were evaluated.
    evaluated_again: u64,
    /// Maximum length of a chain of subschemas, itself included.
    depth: usize,
    /// Weight of the subschemas in `checked` that never read the value, so that the budget misses them: 4 for
    /// one without subschemas, 1 for one that only wraps another.
    unmetered: u64,
}

struct WorkCounter<'r> {
    root: &'r Value,
    max_subschemas: usize,
    counts: HashMap<usize, SubschemaWork>,
    visiting: HashSet<usize>,
    queue: Vec<ResolvedSchema<'r>>,
    most: (u64, &'r Value),
    depth: usize,
    unmetered: u64,
    negated_size: u64,
    patterns: HashMap<&'r str, PatternEstimate>,
    resources: Resources,
}

impl<'r> WorkCounter<'r> {
    fn visit(&mut self, at: &ResolvedSchema<'r>, above: usize) -> Result<SubschemaWork, String> {
        let address = std::ptr::from_ref(at.schema) as usize;
        if let Some(known) = self.counts.get(&address) {
            self.check_depth(at.schema, above + known.depth)?;
            return Ok(*known);
        }
        if !self.visiting.insert(address) {
            return Err(format!(
                "{} leads back to itself at the same place of a value",
                self.describe_place(at.schema)
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
            Value::Object(keywords) => self.visit_keywords(at, keywords, above)?,
            _ => SubschemaWork {
                checked: 1,
                evaluated_again: 0,
                depth: 1,
                unmetered: 4,
            },
        };
        self.visiting.remove(&address);
        self.counts.insert(address, count);
        if count.checked > self.most.0 {
            self.most = (count.checked, at.schema);
        }
        self.depth = self.depth.max(count.depth);
        self.unmetered = self.unmetered.max(count.unmetered);
        Ok(count)
    }

    fn check_depth(&self, schema: &Value, depth: usize) -> Result<(), String> {
        if depth <= MAX_CHAIN {
            return Ok(());
        }
        Err(format!(
            "at {} more than {MAX_CHAIN} subschemas lead one to the next at the same place of a value",
            self.describe_place(schema)
        ))
    }

    fn visit_keywords(
        &mut self,
        at: &ResolvedSchema<'r>,
        members: &'r Map<String, Value>,
        above: usize,
    ) -> Result<SubschemaWork, String> {
        let resource = at.draft.create_resource_ref(at.schema);
        let resolver = at.resolver.in_subresource(resource);
        let here = ResolvedSchema {
            // The compilation rejects an invalid `$id`.
            resolver: resolver.unwrap_or_else(|_| at.resolver.clone()),
            ..at.clone()
        };
        let mut count = SubschemaWork {
            checked: 1,
            depth: 1,
            ..SubschemaWork::default()
        };
        let (mut in_place, mut reads_value, mut marks_evaluated) = (0_u32, false, false);
        for (keyword, value) in members {
            if let Some(targets) = in_place_subschemas(&here, keyword, value) {
                for target in targets {
                    if keywords::is_reference(keyword) {
                        self.resources.add_reference(&here, &target)?;
                    }
                    let found = self.visit(&target, above + 1)?;
                    count.checked = count.checked.saturating_add(found.checked);
                    let marked = found.checked.saturating_add(found.evaluated_again);
                    count.evaluated_again = count.evaluated_again.saturating_add(marked);
                    count.depth = count.depth.max(found.depth + 1);
                    count.unmetered = count.unmetered.saturating_add(found.unmetered);
                    in_place += 1;
                }
            } else {
                reads_value |= keywords::reads_value(&here, keyword);
                marks_evaluated |= keyword.starts_with("unevaluated");
                self.enqueue_inner(&here, keyword, value);
            }
            self.record_keyword(keyword, value)?;
        }
        if marks_evaluated {
            count.checked = count.checked.saturating_add(count.evaluated_again);
        }
        if !reads_value && in_place < 2 {
            count.unmetered = count
                .unmetered
                .saturating_add(if in_place == 0 { 4 } else { 1 });
        }
        Ok(count)
    }

    /// Queues the subschemas for parts of the value.
    fn enqueue_inner(&mut self, here: &ResolvedSchema<'r>, keyword: &str, value: &'r Value) {
        let targets = inner_subschemas(here, keyword, value).into_iter();
        self.queue.extend(targets.filter(|target| {
            let address = std::ptr::from_ref(target.schema) as usize;
            !self.counts.contains_key(&address)
        }));
    }

    /// Records patterns and the size of negated schemas.
    fn record_keyword(&mut self, keyword: &str, value: &'r Value) -> Result<(), String> {
        match (keyword, value) {
            ("not", negated) => {
                self.negated_size = self
                    .negated_size
                    .max(super::budget::traversal_cost(negated))
            }
            ("pattern", Value::String(pattern)) => self.record_pattern(pattern)?,
            ("patternProperties", Value::Object(members)) => members
                .keys()
                .try_for_each(|pattern| self.record_pattern(pattern))?,
            _ => {}
        }
        Ok(())
    }

    fn record_pattern(&mut self, pattern: &'r str) -> Result<(), String> {
        if !self.patterns.contains_key(pattern) {
            let estimate = pattern_size::estimate_pattern(pattern)?;
            self.patterns.insert(pattern, estimate);
        }
        Ok(())
    }

    fn finish(self) -> Result<WorkEstimate, String> {
        let patterns = || self.patterns.values();
        let size = patterns().fold(0_u64, |sum, pattern| sum.saturating_add(pattern.size));
        if size > MAX_PATTERNS_SIZE {
            return Err("its patterns are too large together".to_owned());
        }
        let backtracks = patterns().any(|pattern| pattern.backtracks);
        Ok(WorkEstimate {
            max_applied: self.most.0,
            pointer: self.describe_place(self.most.1),
            depth: self.depth,
            negated_size: self.negated_size,
            costs: StepCosts {
                access: 1 + self.unmetered / 16,
                pattern_match: patterns()
                    .map(|pattern| pattern.active_states)
                    .max()
                    .unwrap_or(0),
                backtracking: if backtracks { 1000 } else { 0 },
            },
        })
    }

    /// Returns the JSON pointer of a subschema.
    fn describe_place(&self, schema: &Value) -> String {
        let mut path = Vec::new();
        if find_path(self.root, schema, &mut path) {
            let steps = path.iter().rev();
            let escaped = steps.map(|step| step.replace('~', "~0").replace('/', "~1"));
            let pointer: String = escaped.map(|step| format!("/{step}")).collect();
            return super::report::truncate_text(&format!("#{pointer}"), 200);
        }
        "a document that it refers to".to_owned()
    }
}

/// Finds a value by its memory address. The path is in reverse order.
fn find_path(whole: &Value, wanted: &Value, path: &mut Vec<String>) -> bool {
    if std::ptr::eq(whole, wanted) {
        return true;
    }
    let step = match whole {
        Value::Object(members) => members
            .iter()
            .find(|(_, value)| find_path(value, wanted, path))
            .map(|(key, _)| key.clone()),
        Value::Array(items) => items
            .iter()
            .position(|value| find_path(value, wanted, path))
            .map(|index| index.to_string()),
        _ => None,
    };
    step.map(|step| path.push(step)).is_some()
}
