//! A declared JSON Schema: stored as received and compiled on first use.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::kernel::{
    Error, Kind, Result, Rule, Violation,
    schema::{Limits, Schema},
    violation::Location,
};

/// A declared JSON Schema. Clones share the source and the compiled schema.
#[derive(Debug, Clone, Default)]
pub struct DeclaredSchema(Arc<SchemaInner>);

#[derive(Debug, Default)]
struct SchemaInner {
    source: Map<String, Value>,
    compiled: OnceLock<Result<Schema, String>>,
}

impl DeclaredSchema {
    /// Compiles a schema; `name` is the member of the body for errors.
    ///
    /// # Errors
    /// `InvalidSchema` if the schema is invalid or exceeds the limits.
    pub fn new(source: Map<String, Value>, name: &str, limits: &Limits) -> Result<Self> {
        let whole = Value::Object(source);
        let compiled = compile(&whole, limits).map_err(|reason| {
            Error::new(
                Kind::InvalidSchema,
                format!("{name} is not a valid JSON Schema: {reason}"),
            )
        })?;
        let Value::Object(source) = whole else {
            return Err(Error::invalid("a JSON Schema must be an object"));
        };
        Ok(Self(Arc::new(SchemaInner {
            source,
            compiled: OnceLock::from(Ok(compiled)),
        })))
    }

    /// Returns a schema that was checked before; it is compiled on first use.
    pub(in crate::domain) fn from_stored(source: Map<String, Value>) -> Self {
        Self(Arc::new(SchemaInner {
            source,
            compiled: OnceLock::new(),
        }))
    }

    /// Returns the schema as received.
    #[must_use]
    pub fn source(&self) -> &Map<String, Value> {
        &self.0.source
    }

    /// Validates a value; `name` is the member of the body for errors, such as `configuration.data`.
    ///
    /// # Errors
    /// `InvalidData` with the broken rules; `InvalidSchema` if the schema was declared under other limits and
    /// does not compile now.
    pub fn check(&self, value: &Value, name: &str, limits: &Limits) -> Result<()> {
        let broken = self.find_broken_rules(value, name, limits)?;
        require_none(broken, name)
    }

    /// Validates a value like [`Self::check`], and allows members that the schema does not allow.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_known_members(&self, value: &Value, name: &str, limits: &Limits) -> Result<()> {
        let mut broken = self.find_broken_rules(value, name, limits)?;
        broken.retain(|violation| violation.rule != Rule::Unexpected);
        require_none(broken, name)
    }

    fn find_broken_rules(
        &self,
        value: &Value,
        name: &str,
        limits: &Limits,
    ) -> Result<Vec<Violation>> {
        match self.compiled() {
            Ok(schema) => Ok(schema.check(value, Location::Body, limits)),
            Err(reason) => Err(Error::new(
                Kind::InvalidSchema,
                format!("The JSON Schema declared for {name} cannot be used: {reason}"),
            )),
        }
    }

    /// Compiles the schema on first use. Its size was limited at declaration, and each validation limits its
    /// own work.
    fn compiled(&self) -> &Result<Schema, String> {
        self.0.compiled.get_or_init(|| {
            let source = Value::Object(self.0.source.clone());
            compile(&source, &Limits::STORED)
        })
    }
}

fn require_none(broken: Vec<Violation>, name: &str) -> Result<()> {
    if broken.is_empty() {
        return Ok(());
    }
    let under = |rule: Violation| name.rsplit('.').fold(rule, Violation::with_path_prefix);
    let broken = broken.into_iter().map(under).collect();
    Err(Error::from_violations(broken).with_kind(Kind::InvalidData))
}

/// Compiles a schema. References to entities, which only the vendor's SDK resolves, allow any value
/// (botpress-today.md §1: `{"$ref": "item"}` is no JSON pointer).
fn compile(source: &Value, limits: &Limits) -> Result<Schema, String> {
    Schema::compile(source, limits).or_else(|reason| {
        let mut without = source.clone();
        match remove_entity_references(&mut without) {
            true => Schema::compile(&without, limits),
            false => Err(reason),
        }
    })
}

/// Removes the references to entities. True if there were any.
fn remove_entity_references(schema: &mut Value) -> bool {
    match schema {
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |found, item| remove_entity_references(item) | found),
        Value::Object(members) => {
            let refers = members.get("$ref").and_then(Value::as_str);
            let mut found = refers.is_some_and(is_entity_reference);
            if found {
                members.remove("$ref");
            }
            for value in members.values_mut() {
                found |= remove_entity_references(value);
            }
            found
        }
        _ => false,
    }
}

/// True for the name of an entity, and for an entity of an interface that a plugin needs:
/// `interface:ALIAS/entities/NAME`.
fn is_entity_reference(reference: &str) -> bool {
    let is_name = |text: &str| {
        !text.is_empty()
            && (text.bytes()).all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let of_interface = reference.strip_prefix("interface:");
    match of_interface.and_then(|rest| rest.rsplit_once("/entities/")) {
        Some((alias, entity)) => !alias.is_empty() && is_name(entity),
        None => is_name(reference),
    }
}

impl PartialEq for DeclaredSchema {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.source == other.0.source
    }
}

impl Serialize for DeclaredSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.source.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DeclaredSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_stored(Map::deserialize(deserializer)?))
    }
}
