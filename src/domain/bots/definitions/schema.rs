//! A JSON Schema that someone has declared: kept as it was given, compiled when it is first used.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::kernel::{
    Error, Kind, Result, Violation,
    schema::{Limits, Schema},
    violation::Location,
};

/// A declared JSON Schema. Clones share it, and what it is compiled to.
#[derive(Debug, Clone, Default)]
pub struct DeclaredSchema(Arc<Declared>);

#[derive(Debug, Default)]
struct Declared {
    source: Map<String, Value>,
    compiled: OnceLock<Result<Schema, String>>,
}

impl DeclaredSchema {
    /// Takes a schema for the member `name`.
    ///
    /// # Errors
    /// `InvalidSchema` for what is none, or asks for more than the limits allow.
    pub fn new(source: Map<String, Value>, name: &str, limits: &Limits) -> Result<Self> {
        let whole = Value::Object(source);
        let compiled = Schema::compile(&whole, limits).map_err(|reason| {
            Error::new(
                Kind::InvalidSchema,
                format!("{name} is not a valid JSON Schema: {reason}"),
            )
        })?;
        let Value::Object(source) = whole else {
            return Err(Error::invalid("a JSON Schema must be an object"));
        };
        Ok(Self(Arc::new(Declared {
            source,
            compiled: OnceLock::from(Ok(compiled)),
        })))
    }

    /// The schema as it was given.
    #[must_use]
    pub fn source(&self) -> &Map<String, Value> {
        &self.0.source
    }

    /// Checks a value, which is the member `name` of a body: `configuration.data`.
    ///
    /// # Errors
    /// `InvalidData` with the broken rules; `InvalidSchema` for one that was declared when the limits
    /// were others.
    pub fn check(&self, value: &Value, name: &str, limits: &Limits) -> Result<()> {
        let broken = match self.compiled() {
            Ok(schema) => schema.check(value, Location::Body, limits),
            Err(reason) => {
                return Err(Error::new(
                    Kind::InvalidSchema,
                    format!("The JSON Schema declared for {name} cannot be used: {reason}"),
                ));
            }
        };
        if broken.is_empty() {
            return Ok(());
        }
        let under = |rule: Violation| name.rsplit('.').fold(rule, Violation::under);
        let broken = broken.into_iter().map(under).collect();
        Err(Error::violations(broken).with_kind(Kind::InvalidData))
    }

    /// The schema compiled. What it may ask for was bounded when it was declared, and what it does ask
    /// for is bounded with each value.
    fn compiled(&self) -> &Result<Schema, String> {
        self.0.compiled.get_or_init(|| {
            let source = Value::Object(self.0.source.clone());
            Schema::compile(&source, &Limits::STORED)
        })
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
        Ok(Self(Arc::new(Declared {
            source: Map::deserialize(deserializer)?,
            compiled: OnceLock::new(),
        })))
    }
}
