//! `oneOf` and `anyOf`: lists of titled values, and alternatives of an object with a discriminator.

use serde_json::{Map, Value};

use super::{
    FormAlternative, FormChoice, FormItem, FormItemKind, UnsupportedSchema,
    keywords::{non_empty_text, required_names, type_name},
    reader::{FieldPath, ResolvedSchema, SchemaReader},
};

/// Maximum number of alternatives of one field.
const MAX_ALTERNATIVES: usize = 500;
/// The error for alternatives of any other kind.
pub(super) const UNSUPPORTED_ALTERNATIVES: &str = "offers alternatives that a form cannot tell apart: \
     each must be a const, or an object with a const for the same member";

/// The alternatives of a schema, without null.
pub(super) struct FoundAlternatives {
    pub(super) keyword: &'static str,
    pub(super) schemas: Vec<Map<String, Value>>,
    pub(super) has_null: bool,
}

/// Finds the alternatives of a resolved schema.
pub(super) fn find_alternatives(
    reader: &mut SchemaReader<'_>,
    schema: &Map<String, Value>,
) -> Result<Option<FoundAlternatives>, UnsupportedSchema> {
    let (keyword, list) = match (schema.get("oneOf"), schema.get("anyOf")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let rule = "must not be beside oneOf in a form";
            return Err(reader.cursor.refuse_member("anyOf", rule));
        }
        (Some(list), None) => ("oneOf", list),
        (None, Some(list)) => ("anyOf", list),
    };
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    if list.len() > MAX_ALTERNATIVES {
        let rule = format!("must have at most {MAX_ALTERNATIVES} alternatives");
        return Err(reader.cursor.refuse_member(keyword, &rule));
    }
    let mut found = FoundAlternatives {
        keyword,
        schemas: Vec::new(),
        has_null: false,
    };
    for (index, schema) in list.iter().enumerate() {
        let at = reader.cursor.enter(&[keyword, &index.to_string()]);
        let schema = reader.cursor.resolve(schema)?;
        reader.cursor.leave(at);
        if is_null(&schema) {
            found.has_null = true;
        } else {
            found.schemas.push(schema);
        }
    }
    match found.schemas.is_empty() {
        true => Err(reader.cursor.refuse_member(keyword, "must offer a value")),
        false => Ok(Some(found)),
    }
}

fn is_null(schema: &Map<String, Value>) -> bool {
    let only_null = |value: &Value| value.as_array().is_some_and(|list| *list == [Value::Null]);
    schema.get("type").is_some_and(|name| name == "null")
        || schema.get("const").is_some_and(Value::is_null)
        || schema.get("enum").is_some_and(only_null)
}

impl FormChoice {
    /// Creates a choice of a value, labelled with the title or with the value's text.
    pub(super) fn new(value: &Value, title: Option<String>) -> Self {
        let mut choice = Self {
            value: value.clone(),
            label: String::new(),
        };
        choice.label = title.unwrap_or_else(|| choice.key());
        choice
    }
}

impl FoundAlternatives {
    /// Returns the values with their titles, if every alternative is a constant.
    pub(super) fn to_choices(&self) -> Option<Vec<FormChoice>> {
        let choice = |schema: &Map<String, Value>| {
            let value = schema.get("const")?;
            let is_plain = value.is_string() || value.is_number();
            is_plain.then(|| FormChoice::new(value, non_empty_text(schema, "title")))
        };
        self.schemas.iter().map(choice).collect()
    }

    /// True if every alternative is an object.
    pub(super) fn are_objects(&self) -> bool {
        let is_object = |schema| type_name(schema) == Some("object");
        self.schemas.iter().all(is_object)
    }

    /// Returns the name of the discriminator: the member with a different constant in each alternative.
    fn find_discriminator(&self) -> Option<String> {
        let first = self.schemas.first()?.get("properties")?.as_object()?;
        let tells = |name: &&String| {
            let values: Option<Vec<&Value>> = self
                .schemas
                .iter()
                .map(|schema| find_constant(schema, name))
                .collect();
            values.is_some_and(|values| {
                let others = |index: usize| &values[index + 1..];
                (0..values.len()).all(|index| !others(index).contains(&values[index]))
            })
        };
        first.keys().find(tells).cloned()
    }
}

/// Returns the only value that a member may have.
fn find_constant<'a>(schema: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let member = schema.get("properties")?.get(name)?;
    let value = match (
        member.get("const"),
        member.get("enum").and_then(Value::as_array),
    ) {
        (Some(value), _) => value,
        (None, Some(values)) if values.len() == 1 => &values[0],
        (None, _) => return None,
    };
    (!value.is_null() && !value.is_array() && !value.is_object()).then_some(value)
}

impl FormItem {
    /// True if this is a choice between alternatives and the member is the discriminator or in every
    /// alternative.
    pub(super) fn has_member(&self, name: &str) -> bool {
        let FormItemKind::Alternatives(alternatives) = &self.kind else {
            return false;
        };
        let is_named = |item: &FormItem| item.path.last().is_some_and(|last| last == name);
        is_named(self)
            || alternatives
                .iter()
                .all(|alternative| alternative.items.iter().any(is_named))
    }
}

/// Builds the choice between the alternatives of an object.
pub(super) fn build_choice(
    reader: &mut SchemaReader<'_>,
    object: &Map<String, Value>,
    found: &FoundAlternatives,
    way: &FieldPath,
) -> Result<FormItem, UnsupportedSchema> {
    let Some(name) = found.find_discriminator() else {
        return Err(reader
            .cursor
            .refuse_member(found.keyword, UNSUPPORTED_ALTERNATIVES));
    };
    if !found.are_objects() {
        return Err(reader
            .cursor
            .refuse_member(found.keyword, UNSUPPORTED_ALTERNATIVES));
    }
    reader.count_field()?;
    let mut alternatives = Vec::new();
    for (index, schema) in found.schemas.iter().enumerate() {
        let at = reader.cursor.enter(&[found.keyword, &index.to_string()]);
        reader.count_field()?;
        check_closed(reader, object, schema, &name)?;
        let way = way.alternative(index);
        alternatives.push(build_alternative(reader, (schema, object), &name, &way)?);
        reader.cursor.leave(at);
    }
    let described =
        |schema: &Map<String, Value>| schema.get("properties")?.get(&name)?.as_object().cloned();
    let own = described(object).or_else(|| described(found.schemas.first()?));
    let own = own.unwrap_or_default();
    let member = way.member(&name);
    let values = alternatives.iter().map(|one| one.choice.value.clone());
    Ok(FormItem {
        title: non_empty_text(&own, "title")
            .or_else(|| non_empty_text(object, "title"))
            .unwrap_or_else(|| name.clone()),
        description: non_empty_text(&own, "description"),
        required: true,
        nullable: false,
        default: object
            .get("default")
            .and_then(|default| default.get(&name))
            .cloned(),
        schema: Map::from_iter([("enum".to_owned(), values.collect())]),
        kind: FormItemKind::Alternatives(alternatives),
        path: member.path,
        name: member.name,
    })
}

fn build_alternative(
    reader: &mut SchemaReader<'_>,
    (schema, object): (&Map<String, Value>, &Map<String, Value>),
    name: &str,
    way: &FieldPath,
) -> Result<FormAlternative, UnsupportedSchema> {
    let value = find_constant(schema, name)
        .expect("it tells the alternatives apart")
        .clone();
    let has = |schema: &Map<String, Value>, name: &str| {
        let properties = schema.get("properties");
        properties.is_some_and(|properties| properties.get(name).is_some())
    };
    // The discriminator is a field already, and the shared members are fields of the object.
    let mut own = schema.clone();
    if let Some(Value::Object(properties)) = own.get_mut("properties") {
        properties.shift_remove(name);
        if let Some(twice) = properties.keys().find(|member| has(object, member)) {
            let rule = format!("describes {twice} a second time");
            return Err(reader.cursor.refuse_member("properties", &rule));
        }
    }
    let required: Vec<String> = required_names(schema)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if let Some(Value::Array(names)) = own.get_mut("required") {
        names.retain(|member| {
            member
                .as_str()
                .is_none_or(|member| member != name && !has(object, member))
        });
    }
    let inner = ResolvedSchema::resolve_object(reader, own)?;
    let mut items = reader.read_object(&inner, way)?;
    let always = required_names(object);
    for item in &mut items {
        item.required |= item
            .path
            .last()
            .is_some_and(|last| always.contains(&last.as_str()));
    }
    Ok(FormAlternative {
        choice: FormChoice::new(&value, non_empty_text(schema, "title")),
        description: non_empty_text(schema, "description"),
        items,
        required,
    })
}

/// Refuses alternatives that no answer can satisfy: a closed object allows only the members of its own
/// `properties`, and the alternative or the enclosing object has others.
fn check_closed(
    reader: &SchemaReader<'_>,
    object: &Map<String, Value>,
    alternative: &Map<String, Value>,
    name: &str,
) -> Result<(), UnsupportedSchema> {
    // A schema for additional members may refuse the others just as `false` does.
    let has_rule = |schema: &Map<String, Value>, rule: &str| {
        let rule = schema.get(rule);
        rule.is_some_and(|rule| *rule != Value::Bool(true))
    };
    let (is_closed, is_closed_alternative) = (
        has_rule(object, "additionalProperties"),
        has_rule(alternative, "additionalProperties")
            || has_rule(alternative, "unevaluatedProperties"),
    );
    let members = |schema: &Map<String, Value>| -> Vec<String> {
        let properties = schema.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect()
    };
    let (outer, inner) = (members(object), members(alternative));
    let missing = match (is_closed, is_closed_alternative) {
        (true, _) => inner.iter().find(|member| !outer.contains(member)),
        (_, true) => outer
            .iter()
            .find(|member| !inner.contains(member) && *member != name),
        _ => None,
    };
    match missing {
        Some(member) => Err(reader.cursor.refuse(format!(
            "cannot be filled in: additionalProperties leaves no room for {member}"
        ))),
        None => Ok(()),
    }
}
