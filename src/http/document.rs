//! Builds the OpenAPI document of a dialect.

use std::sync::{Arc, LazyLock};

use poem_openapi::{OpenApi, OpenApiService, types::Type};
use serde_json::{Map, Value, json};

use super::dialect::Dialect;

/// Placeholder for the server's address. It is replaced at each request, because the address depends on the caller.
const ORIGIN: &str = "http://127.0.0.1:4600";

/// Placeholder for the address of an agent's host, which has the port of [`ORIGIN`].
const AGENT_ORIGIN: &str = "http://{handle}.localhost:4600";

/// An OpenAPI 3.0 document with an example for every body.
#[derive(Debug, Clone)]
pub struct Document(Value);

impl Document {
    /// Builds the document of a dialect's operations, which are served under `base_path`.
    ///
    /// `error_example` returns the body of an error with the given status.
    pub fn new<D: Dialect, T: OpenApi>(
        service: &OpenApiService<T, ()>,
        base_path: &str,
        error_example: impl Fn(u16) -> Value,
    ) -> Self {
        let mut document: Value =
            serde_json::from_str(&service.spec()).expect("the framework writes JSON");
        document["servers"] = json!([{"url": format!("{ORIGIN}{base_path}")}]);
        add_examples(&mut document, &D::ErrorBody::name(), error_example);
        drop_unused_tags(&mut document);
        Self(document)
    }

    /// Renames the paths: some vendors end paths with a slash.
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

    /// Adds parameters that poem-openapi does not know. `of` returns them for the path and id of an operation. An
    /// added parameter replaces an existing one with the same name.
    #[must_use]
    pub fn with_parameters(mut self, of: impl Fn(&str, &str) -> Vec<Value>) -> Self {
        for (path, operations) in self.0["paths"].as_object_mut().into_iter().flatten() {
            for operation in operations
                .as_object_mut()
                .into_iter()
                .flat_map(Map::values_mut)
            {
                let id = operation["operationId"].as_str().unwrap_or_default();
                let added = of(path, id);
                let Some(parameters) = operation["parameters"].as_array_mut() else {
                    operation["parameters"] = added.into();
                    continue;
                };
                for parameter in added {
                    parameters.retain(|known| known["name"] != parameter["name"]);
                    parameters.push(parameter);
                }
            }
        }
        self
    }

    /// Adds a second server, the host of an agent, whose handle is a variable. Operations with the method
    /// `repeated_by` repeat the servers, so that Swagger UI shows the variable there too.
    #[must_use]
    pub fn with_agent_hosts(mut self, base_path: &str, repeated_by: &str) -> Self {
        let own = json!({
            "url": format!("{AGENT_ORIGIN}{base_path}"),
            "description": "The host of one AI agent",
            "variables": {
                "handle": {"default": "example", "description": "The handle of the AI agent"},
            },
        });
        if let Some(servers) = self.0["servers"].as_array_mut() {
            servers.push(own);
        }
        let servers = self.0["servers"].clone();
        for path in self.0["paths"]
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut)
        {
            if let Some(operation) = path.get_mut(repeated_by) {
                operation["servers"] = servers.clone();
            }
        }
        self
    }

    /// Adds a variable to the server's address.
    #[must_use]
    pub fn with_server_variable(mut self, name: &str, description: &str) -> Self {
        let variable = json!({"default": name, "description": description});
        for server in self.0["servers"].as_array_mut().into_iter().flatten() {
            server["variables"][name] = variable.clone();
        }
        self
    }

    /// Adds the events that the server sends: name, summary, and name and schema of the body. OpenAPI 3.0 cannot
    /// express webhooks, so they are in an extension for programs and in the description for readers.
    #[must_use]
    pub fn with_events(mut self, events: Vec<(&str, &str, &str, Value)>) -> Self {
        let mut described = self.0["info"]["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        described.push_str("\n\n## Webhooks");
        for (event, summary, name, schema) in events {
            self.0["components"]["schemas"][name] = schema;
            let example = self.0["components"]["schemas"][name]["example"].clone();
            let example_text = serde_json::to_string_pretty(&example).unwrap_or_default();
            described.push_str(&format!(
                "\n\n### {event}\n\n{summary} The schema is `{name}`.\n\n```json\n{example_text}\n```"
            ));
            self.0["x-webhooks"][event]["post"] = json!({
                "summary": summary,
                "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": format!("#/components/schemas/{name}")},
                    "example": example,
                }}},
                "responses": {"2XX": {"description": "Received"}},
            });
        }
        self.0["info"]["description"] = described.into();
        self
    }

    /// Returns the example of a schema.
    #[must_use]
    pub fn example_of(&self, schema: &str) -> Value {
        let schemas = &self.0["components"]["schemas"];
        find_example(&schemas[schema], schemas).unwrap_or_default()
    }

    /// Returns the document as JSON for a server at `origin`: `http://localhost:4600`.
    #[must_use]
    pub fn json(&self, origin: &str) -> String {
        replace_origin(&self.to_json_text(), origin)
    }

    fn to_json_text(&self) -> String {
        serde_json::to_string_pretty(&self.0).expect("JSON can be written")
    }

    /// Returns the document as YAML for a server at `origin`.
    #[must_use]
    pub fn yaml(&self, origin: &str) -> String {
        let text = serde_saphyr::to_string(&self.0).expect("JSON can be written as YAML");
        replace_origin(&text, origin)
    }
}

/// A document that the server publishes. It is built at the first request, which few servers get, and cached as text:
/// as values, the documents use more memory than the rest of an idle server.
#[derive(Clone)]
pub struct Published(Arc<LazyLock<String, Box<dyn FnOnce() -> String + Send>>>);

impl Published {
    /// Creates a document that `make` builds at first use.
    pub fn new(make: impl FnOnce() -> Document + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(move || {
            make().to_json_text()
        }))))
    }

    /// Returns the document as JSON for a server at `origin`.
    #[must_use]
    pub fn json(&self, origin: &str) -> String {
        replace_origin(&self.0, origin)
    }

    /// Returns the document as YAML for a server at `origin`.
    #[must_use]
    pub fn yaml(&self, origin: &str) -> String {
        let document = serde_json::from_str(&self.0).expect("what was written can be read");
        Document(document).yaml(origin)
    }
}

/// Replaces the placeholders of a document with the addresses for a server at `origin`.
fn replace_origin(text: &str, origin: &str) -> String {
    let (scheme, host) = origin.split_once("://").unwrap_or(("http", origin));
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    // The last part of an IPv6 address without a port is no port.
    let port = match port.parse::<u16>() {
        Ok(port) if !host.ends_with(']') => format!(":{port}"),
        _ => String::new(),
    };
    text.replace(
        AGENT_ORIGIN,
        &format!("{scheme}://{{handle}}.localhost{port}"),
    )
    .replace(ORIGIN, origin)
}

/// Removes tags without operations, which Swagger UI shows as empty sections: poem-openapi lists the tags of all
/// documents that share an enum.
fn drop_unused_tags(document: &mut Value) {
    let operations = document["paths"].as_object().into_iter().flatten();
    let used: Vec<Value> = operations
        .filter_map(|(_, path)| path.as_object())
        .flat_map(Map::values)
        .filter_map(|operation| operation["tags"].as_array())
        .flatten()
        .cloned()
        .collect();
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.retain(|tag| used.contains(&tag["name"]));
    }
}

/// Adds an example to every body of every operation, and copies the examples of parameters to the place that
/// importers such as Postman read. `error_body` is the name of the dialect's error schema, and `error_example`
/// returns its examples.
fn add_examples(document: &mut Value, error_body: &str, error_example: impl Fn(u16) -> Value) {
    let schemas = document["components"]["schemas"].clone();
    let operations = document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if let Some(example) = parameter.pointer("/schema/example") {
                parameter["example"] = example.clone();
            }
        }
        let request = operation.pointer_mut("/requestBody/content");
        add_content_examples(request, |schema| find_example(schema, &schemas));
        let responses = operation["responses"].as_object_mut();
        for (status, response) in responses.into_iter().flatten() {
            let content = response.get_mut("content");
            match status.parse() {
                Ok(status) if status >= 400 => {
                    add_content_examples(content, |schema| match schema.get("$ref") {
                        Some(Value::String(name)) if !name.ends_with(&format!("/{error_body}")) => {
                            find_example(schema, &schemas)
                        }
                        _ => Some(error_example(status)),
                    })
                }
                _ => add_content_examples(content, |schema| find_example(schema, &schemas)),
            }
        }
    }
}

fn add_content_examples(content: Option<&mut Value>, example: impl Fn(&Value) -> Option<Value>) {
    let Some(media_types) = content.and_then(Value::as_object_mut) else {
        return;
    };
    // poem-openapi includes the charset in media types, which client generators do not expect.
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

/// Returns the example of a schema, or of a schema that it refers to.
fn find_example(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next()?;
        return find_example(schemas.get(name)?, schemas);
    }
    if schema["format"] == "binary" {
        return Some(Value::String(String::new()));
    }
    if let Some(items) = schema.get("items") {
        return find_example(items, schemas).map(|item| json!([item]));
    }
    let alternatives = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    let alternatives = alternatives.and_then(Value::as_array)?;
    alternatives
        .iter()
        .find_map(|one| find_example(one, schemas))
}
