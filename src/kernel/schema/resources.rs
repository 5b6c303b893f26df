//! Rejects cyclic references between parts of a schema that have their own `$id`.
//!
//! The validator compiles such a part again for each path that reaches it. A cycle never ends: a schema of
//! 150 bytes takes all memory.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::keywords::ResolvedSchema;

/// Maximum number of references between different parts.
const MAX_REFERENCES: usize = 25;

/// The parts of a schema and the references found so far.
pub(super) struct Resources {
    /// Memory addresses of all values of the schema itself; empty if no part of it has an `$id`.
    addresses: HashSet<usize>,
    /// The base URI of the whole schema.
    base_uri: String,
    /// Map from the base URI of a part to those of the parts that it refers to.
    references: HashMap<String, HashSet<String>>,
}

impl Resources {
    /// Collects the parts of a schema.
    ///
    /// # Errors
    /// A text that says that the schema has dynamic references and parts with an `$id`.
    pub(super) fn collect(schema: &Value, whole: &ResolvedSchema<'_>) -> Result<Self, String> {
        let mut own = HashSet::new();
        let members = || schema.as_object().into_iter().flatten();
        if members().any(|(_, value)| uses_keyword(value, &["$id", "id"])) {
            if uses_keyword(schema, &["$dynamicRef", "$recursiveRef"]) {
                // The target of a dynamic reference depends on the path to it.
                return Err("it refers dynamically, and parts of it have an $id".to_owned());
            }
            collect_addresses(schema, &mut own);
        }
        Ok(Self {
            addresses: own,
            base_uri: base_uri_of(whole),
            references: HashMap::new(),
        })
    }

    /// Records a reference from one subschema to another.
    ///
    /// # Errors
    /// A text that names the cycle, or says that there are too many references.
    pub(super) fn add_reference(
        &mut self,
        from: &ResolvedSchema<'_>,
        to: &ResolvedSchema<'_>,
    ) -> Result<(), String> {
        let is_own = |at: &ResolvedSchema<'_>| {
            self.addresses
                .contains(&(std::ptr::from_ref(at.schema) as usize))
        };
        if !is_own(from) || !is_own(to) {
            return Ok(());
        }
        let (from, to) = (base_uri_of(from), base_uri_of(to));
        if from == self.base_uri && to == self.base_uri {
            return Ok(());
        }
        self.references
            .entry(from.clone())
            .or_default()
            .insert(to.clone());
        if self.references.values().map(HashSet::len).sum::<usize>() > MAX_REFERENCES {
            return Err("too many parts of it have an $id and refer to one another".to_owned());
        }
        if self.is_reachable(&to, &from, &mut HashSet::new()) {
            return Err(format!(
                "its part {} has an $id and is referred to from inside: use a reference such as \
                 #/$defs/name, and no $id",
                super::report::truncate_text(&to, 100)
            ));
        }
        Ok(())
    }

    /// True if the part `from` refers to the part `to`, directly or through others.
    fn is_reachable<'a>(&'a self, from: &'a str, to: &str, seen: &mut HashSet<&'a str>) -> bool {
        from == to
            || (seen.insert(from)
                && self
                    .references
                    .get(from)
                    .into_iter()
                    .flatten()
                    .any(|next| self.is_reachable(next, to, seen)))
    }
}

/// Returns the base URI of the part that contains a subschema.
fn base_uri_of(at: &ResolvedSchema<'_>) -> String {
    let resource = at.draft.create_resource_ref(at.schema);
    let resolver = at.resolver.in_subresource(resource);
    let resolver = resolver.as_ref().unwrap_or(&at.resolver);
    resolver.base_uri().as_str().to_owned()
}

fn collect_addresses(schema: &Value, own: &mut HashSet<usize>) {
    own.insert(std::ptr::from_ref(schema) as usize);
    match schema {
        Value::Object(members) => members
            .values()
            .for_each(|value| collect_addresses(value, own)),
        Value::Array(items) => items.iter().for_each(|item| collect_addresses(item, own)),
        _ => {}
    }
}

/// True if one of these keywords occurs anywhere in a schema.
fn uses_keyword(schema: &Value, keywords: &[&str]) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(key, value)| {
            (keywords.contains(&key.as_str()) && value.is_string()) || uses_keyword(value, keywords)
        }),
        Value::Array(items) => items.iter().any(|item| uses_keyword(item, keywords)),
        _ => false,
    }
}
