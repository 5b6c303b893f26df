//! DTOs of preferences, which accounts and workspaces have.

use poem_openapi::{
    Object,
    types::{Any, Example},
};
use serde_json::{Value, json};

/// A preference.
#[derive(Object)]
#[oai(example, rename = "getPreferenceResponse")]
pub struct PreferenceResponse {
    /// Stored value: any JSON.
    value: Any<Value>,
}

impl PreferenceResponse {
    pub const fn new(value: Value) -> Self {
        Self { value: Any(value) }
    }
}

impl Example for PreferenceResponse {
    fn example() -> Self {
        Self::new(json!({"theme": "dark"}))
    }
}

/// A value to store.
#[derive(Object)]
#[oai(example, rename = "setPreferenceBody")]
pub struct SetPreferenceBody {
    /// Value: any JSON; null if absent.
    value: Option<Any<Value>>,
}

impl SetPreferenceBody {
    /// Returns the value to store.
    pub fn into_value(self) -> Value {
        self.value.map(|value| value.0).unwrap_or_default()
    }
}

impl Example for SetPreferenceBody {
    fn example() -> Self {
        Self {
            value: Some(Any(json!({"theme": "dark"}))),
        }
    }
}
