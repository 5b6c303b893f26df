//! A dialect's OpenAPI document.

use poem_openapi::{OpenApi, OpenApiService, types::Type};
use serde_json::{Map, Value, json};

use super::dialect::Dialect;

/// Stands for the address of the server in a document until it is asked for: the address depends
/// on how the caller reached it.
const ORIGIN: &str = "http://127.0.0.1:4600";

/// An OpenAPI 3.0 document with an example for every body.
#[derive(Debug, Clone)]
pub struct Document(Value);

impl Document {
    /// The document of a dialect's operations, which are served under `base_path`.
    ///
    /// `error_example` gives the body of the dialect's error with a status.
    pub fn new<D: Dialect, T: OpenApi>(
        service: &OpenApiService<T, ()>,
        base_path: &str,
        error_example: impl Fn(u16) -> Value,
    ) -> Self {
        let mut document: Value =
            serde_json::from_str(&service.spec()).expect("the framework writes JSON");
        document["servers"] = json!([{"url": format!("{ORIGIN}{base_path}")}]);
        add_examples(&mut document, &D::ErrorBody::name(), error_example);
        Self(document)
    }

    /// The document with paths renamed: for a vendor whose documents and clients end some paths
    /// with a slash.
    #[must_use]
    pub fn with_paths(mut self, rename: impl Fn(&str) -> String) -> Self {
        if let Some(paths) = self.0["paths"].as_object_mut() {
            *paths = std::mem::take(paths)
                .into_iter()
                .map(|(path, operations)| (rename(&path), operations))
                .collect();
        }
        self
    }

    /// The document as JSON for a server at `origin`: `http://localhost:4600`.
    #[must_use]
    pub fn json(&self, origin: &str) -> String {
        let text = serde_json::to_string_pretty(&self.0).expect("JSON can be written");
        text.replace(ORIGIN, origin)
    }

    /// The document as YAML for a server at `origin`.
    #[must_use]
    pub fn yaml(&self, origin: &str) -> String {
        let text = serde_yaml::to_string(&self.0).expect("JSON can be written as YAML");
        text.replace(ORIGIN, origin)
    }
}

/// Gives every body of every operation an example: importers such as Postman's rely on them.
/// `error_body` is the name of the dialect's error, of which `error_example` gives examples.
fn add_examples(document: &mut Value, error_body: &str, error_example: impl Fn(u16) -> Value) {
    let schemas = document["components"]["schemas"].clone();
    let operations = document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        let request = operation.pointer_mut("/requestBody/content");
        fill(request, |schema| example(schema, &schemas));
        let responses = operation["responses"].as_object_mut();
        for (status, response) in responses.into_iter().flatten() {
            let content = response.get_mut("content");
            match status.parse() {
                Ok(status) if status >= 400 => fill(content, |schema| match schema.get("$ref") {
                    Some(Value::String(name)) if !name.ends_with(&format!("/{error_body}")) => {
                        example(schema, &schemas)
                    }
                    _ => Some(error_example(status)),
                }),
                _ => fill(content, |schema| example(schema, &schemas)),
            }
        }
    }
}

fn fill(content: Option<&mut Value>, example: impl Fn(&Value) -> Option<Value>) {
    let Some(media_types) = content.and_then(Value::as_object_mut) else {
        return;
    };
    // The framework names the charset too, which puzzles generators of clients.
    *media_types = std::mem::take(media_types)
        .into_iter()
        .map(|(name, media_type)| (essence(&name), media_type))
        .collect();
    for media_type in media_types.values_mut() {
        if let Some(value) = example(&media_type["schema"]) {
            media_type["example"] = value;
        }
    }
}

fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_owned()
}

/// The example that a schema gives, by itself or through the schemas it is made of.
fn example(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next()?;
        return example(schemas.get(name)?, schemas);
    }
    schema
        .get("items")
        .and_then(|items| example(items, schemas))
        .map(|item| json!([item]))
}
