//! The built-in integration `local-llm`: it implements the interface `llm` with the model server, so that code which
//! calls `ALIAS:generateContent` works without a vendor's key.

use serde_json::{Value, json};

use crate::{
    domain::{
        bots::{
            definitions::{
                ActionDefinition, DeclaredSchema, EntityDefinition, IntegrationDefinition,
                InterfaceImplementation, Named,
            },
            integrations::built_in::{self, BuiltInVersion},
            packages::shipped,
        },
        tenancy::app::App,
    },
    kernel::{Error, Result},
};

/// Name of the integration.
pub const NAME: &str = "local-llm";

/// Id of its version, the same on every server.
const ID: &str = "6368b1a7-0000-4000-8000-000000020100";

const README: &str = include_str!("readme.md");

/// Creates or updates the integration. It is in the Hub if a model server is configured.
///
/// # Errors
/// Errors of the store.
pub async fn register(app: &App) -> Result<()> {
    let version = BuiltInVersion {
        id: ID,
        name: NAME,
        version: "1.0.0",
        title: "Local model",
        description: "Answers of the model server of this server's operator.",
        definition: definition()?,
        readme: README,
        public: app.answer_settings().upstream.url.is_some(),
    };
    built_in::register(app, version).await
}

/// Returns the definition: the parts of the interface under their own names.
fn definition() -> Result<IntegrationDefinition> {
    let interface = shipped::llm_interface()?;
    let entities = interface.definition.entities;
    let mut actions = interface.definition.actions;
    for action in actions.values_mut() {
        for schema in [&mut action.input, &mut action.output] {
            *schema = resolve_entities(schema, &entities)?;
        }
    }
    let entity_names: Vec<&str> = entities.keys().map(String::as_str).collect();
    let key = format!("{}<{}>", interface.name, entity_names.join(","));
    let implementation = InterfaceImplementation {
        id: interface.id,
        name: interface.name,
        version: interface.version,
        entities: same_names(&entities),
        actions: same_names(&actions),
        events: Named::new(),
        channels: Named::new(),
    };
    Ok(IntegrationDefinition {
        actions: describe(actions),
        entities,
        interfaces: [(key, implementation)].into(),
        ..IntegrationDefinition::default()
    })
}

fn same_names<T>(parts: &Named<T>) -> Named<String> {
    let names = parts.keys().map(|name| (name.clone(), name.clone()));
    names.collect()
}

/// Removes what does not hold here: answers of a local model are not cached by their input.
fn describe(mut actions: Named<ActionDefinition>) -> Named<ActionDefinition> {
    for action in actions.values_mut() {
        action.cacheable = None;
    }
    actions
}

/// Replaces the references to entities with their schemas.
fn resolve_entities(
    schema: &DeclaredSchema,
    entities: &Named<EntityDefinition>,
) -> Result<DeclaredSchema> {
    let schemas = entities.iter().map(|(name, entity)| {
        let reference = json!({"$ref": name});
        serde_json::to_value(&entity.schema).map(|schema| (reference, schema))
    });
    let read = |error| Error::internal("the definition of local-llm cannot be made", error);
    let schemas: Vec<(Value, Value)> = schemas.collect::<Result<_, _>>().map_err(read)?;
    let mut whole = serde_json::to_value(schema).map_err(read)?;
    replace(&mut whole, &schemas);
    serde_json::from_value(whole).map_err(read)
}

fn replace(value: &mut Value, replacements: &[(Value, Value)]) {
    if let Some((_, schema)) = replacements.iter().find(|(from, _)| from == value) {
        *value = schema.clone();
        return;
    }
    match value {
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| replace(value, replacements)),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|value| replace(value, replacements)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_implements_the_interface() {
        let definition = definition().expect("a definition");
        definition.check().expect("it is valid");
        let text = serde_json::to_string(&definition).expect("JSON");
        assert!(!text.contains("$ref"), "{text}");
        let (key, implementation) = definition.interfaces.iter().next().expect("one");
        assert_eq!(key, "llm<modelRef>");
        let actions: Vec<_> = implementation.actions.keys().collect();
        assert_eq!(actions, ["generateContent", "listLanguageModels"]);
    }
}
