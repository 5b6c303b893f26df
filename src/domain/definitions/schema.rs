//! A JSON Schema that someone has declared: kept as it was given, compiled when it is first used.

use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::kernel::{Error, Kind, Result, Violation, schema::Schema, violation::Location};

/// A declared JSON Schema.
#[derive(Debug, Default)]
pub struct DeclaredSchema {
    source: Map<String, Value>,
    compiled: OnceLock<Result<Schema, String>>,
}

impl DeclaredSchema {
    /// Takes a schema for the member `name`.
    ///
    /// # Errors
    /// `InvalidSchema` for what is none.
    pub fn new(source: Map<String, Value>, name: &str) -> Result<Self> {
        let schema = Self {
            source,
            compiled: OnceLock::new(),
        };
        match schema.compiled() {
            Ok(_) => Ok(schema),
            Err(reason) => Err(Error::new(
                Kind::InvalidSchema,
                format!("{name} is not a valid JSON Schema: {reason}"),
            )),
        }
    }

    /// The schema as it was given.
    #[must_use]
    pub const fn source(&self) -> &Map<String, Value> {
        &self.source
    }

    /// Checks a value, which is the member `name` of a body: `configuration.data`.
    ///
    /// # Errors
    /// `InvalidData` with the broken rules.
    pub fn check(&self, value: &Value, name: &str) -> Result<()> {
        let broken = match self.compiled() {
            Ok(schema) => schema.check(value, Location::Body),
            // It was checked when it was declared.
            Err(reason) => return Err(Error::internal("a stored schema is broken", &**reason)),
        };
        if broken.is_empty() {
            return Ok(());
        }
        let under = |rule: Violation| name.rsplit('.').fold(rule, Violation::under);
        let broken = broken.into_iter().map(under).collect();
        Err(Error::violations(broken).with_kind(Kind::InvalidData))
    }

    fn compiled(&self) -> &Result<Schema, String> {
        self.compiled.get_or_init(|| {
            let source = Value::Object(self.source.clone());
            Schema::compile(&source)
        })
    }
}

impl Clone for DeclaredSchema {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            compiled: OnceLock::new(),
        }
    }
}

impl PartialEq for DeclaredSchema {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for DeclaredSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DeclaredSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            source: Map::deserialize(deserializer)?,
            compiled: OnceLock::new(),
        })
    }
}
