//! References of a plugin's schemas to the entities of an interface: `{"$ref": "interface:ALIAS/entities/NAME"}`
//! (botpress-today.md §2.3).

use serde_json::{Map, Value};

use super::{DeclaredSchema, PluginDefinition};

/// Maximum size that the resolved references of a plugin may add, in bytes of JSON. Further references allow any value.
const MAX_ADDED_BYTES: usize = 4 << 20;

/// Finds the schema of an entity by the alias of its interface and its name.
pub type FindEntity<'a> = &'a dyn Fn(&str, &str) -> Option<DeclaredSchema>;

impl PluginDefinition {
    /// Replaces the references to entities. A reference to an unknown entity allows any value.
    pub(in crate::domain) fn resolve_references(&mut self, find: FindEntity<'_>) {
        let mut budget = MAX_ADDED_BYTES;
        let states = self.states.values_mut().map(|state| &mut state.schema);
        let events = self.events.values_mut().map(|event| &mut event.schema);
        let actions = self.actions.values_mut();
        let actions = actions.flat_map(|action| [&mut action.input, &mut action.output]);
        let schemas = states.chain(events).chain(actions);
        for schema in schemas.chain([&mut self.configuration.schema]) {
            *schema = resolve_schema(schema, find, &mut budget);
        }
    }
}

fn resolve_schema(
    schema: &DeclaredSchema,
    find: FindEntity<'_>,
    budget: &mut usize,
) -> DeclaredSchema {
    let mut source = schema.source().clone();
    match resolve_members(&mut source, find, budget) {
        true => DeclaredSchema::from_stored(source),
        false => schema.clone(),
    }
}

/// Replaces the references in an object, but not those of the entities. True if there were any.
fn resolve_members(
    members: &mut Map<String, Value>,
    find: FindEntity<'_>,
    budget: &mut usize,
) -> bool {
    let mut found = false;
    for value in members.values_mut() {
        found |= resolve_value(value, find, budget);
    }
    let Some((alias, entity)) = members.get("$ref").and_then(parse_reference) else {
        return found;
    };
    members.remove("$ref");
    let entity = match *budget {
        0 => None,
        _ => find(&alias, &entity),
    };
    let entity = entity.filter(|entity| {
        let text = serde_json::to_string(entity).unwrap_or_default();
        let left = budget.checked_sub(text.len());
        // Nothing is measured again after the first entity that does not fit.
        *budget = left.unwrap_or(0);
        left.is_some()
    });
    if let Some(entity) = entity {
        // The members beside the reference describe its use, such as a title.
        for (name, value) in entity.source() {
            let used = members.entry(name.clone());
            used.or_insert_with(|| value.clone());
        }
    }
    true
}

fn resolve_value(value: &mut Value, find: FindEntity<'_>, budget: &mut usize) -> bool {
    match value {
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= resolve_value(item, find, budget);
            }
            found
        }
        Value::Object(members) => resolve_members(members, find, budget),
        _ => false,
    }
}

/// Returns the alias of the interface and the name of the entity.
fn parse_reference(reference: &Value) -> Option<(String, String)> {
    let rest = reference.as_str()?.strip_prefix("interface:")?;
    let (alias, entity) = rest.rsplit_once("/entities/")?;
    Some((alias.to_owned(), entity.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(source: Value) -> DeclaredSchema {
        serde_json::from_value(source).expect("a schema")
    }

    #[test]
    fn references_to_entities_are_replaced() {
        let reference = |entity: &str| json!({"$ref": format!("interface:a-b/entities/{entity}")});
        let entity = schema(json!({"type": "object", "title": "Item", "x": reference("item")}));
        let find =
            |alias: &str, name: &str| ((alias, name) == ("a-b", "item")).then(|| entity.clone());
        let mut titled = reference("item");
        titled["title"] = "Used".into();
        let given = schema(json!({
            "properties": {"item": titled, "none": reference("none"), "own": {"$ref": "item"}},
            "anyOf": [reference("item")],
        }));
        let resolved = resolve_schema(&given, &find, &mut 1_000);
        let item = json!({"type": "object", "title": "Item", "x": reference("item")});
        let mut used = item.clone();
        used["title"] = "Used".into();
        let expected = json!({
            "properties": {"item": used, "none": {}, "own": {"$ref": "item"}},
            "anyOf": [item],
        });
        assert_eq!(Value::Object(resolved.source().clone()), expected);
        let empty = resolve_schema(&given, &find, &mut 1);
        assert_eq!(empty.source()["anyOf"], json!([{}]));
    }
}
