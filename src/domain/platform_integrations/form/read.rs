//! Reading the fields of a form from its schema.

use serde_json::{Map, Value, json};

use super::{
    Choice, Form, Item, ItemKind, TextInput, Undrawable,
    alternatives::{self, Found},
    resolve::Place,
};

/// How deep groups of fields may be in each other.
const DEPTH_MAX: usize = 5;
/// The most fields of a form.
const FIELDS_MAX: usize = 100;

/// The types that a form can ask for.
const TYPES: &str = "must have one of the types string, boolean, number, integer, array, object";

/// The way to an object: in the answers, and in the names of a submitted form.
#[derive(Clone, Default)]
pub(super) struct Way {
    pub(super) path: Vec<String>,
    pub(super) name: String,
    /// How many alternatives were taken on the way.
    taken: usize,
}

impl Way {
    /// The way on to a member.
    pub(super) fn to(&self, member: &str) -> Self {
        let mut path = self.path.clone();
        path.push(member.to_owned());
        let step = member.replace('~', "~0").replace('/', "~1");
        let name = format!("{}/{step}", self.name);
        let taken = self.taken;
        Self { path, name, taken }
    }

    /// The way to the same object in one of its alternatives.
    pub(super) fn alternative(&self, index: usize) -> Self {
        Self {
            path: self.path.clone(),
            name: format!("{}#{index}", self.name),
            taken: self.taken + 1,
        }
    }
}

/// The schema of a field without references.
pub(super) struct Resolved {
    pub(super) schema: Map<String, Value>,
    /// True if null is one of its alternatives.
    nullable: bool,
    /// Its alternatives beside null, if there are several.
    alternatives: Option<Found>,
}

impl Resolved {
    /// An alternative of an object, which may have alternatives in turn.
    pub(super) fn of_object(
        reader: &mut Reader<'_>,
        schema: Map<String, Value>,
    ) -> Result<Self, Undrawable> {
        reader.resolve(&Value::Object(schema))
    }
}

/// A walk through the schema of a form.
pub(super) struct Reader<'a> {
    pub(super) place: Place<'a>,
    left: usize,
}

/// The form that a schema describes.
pub(super) fn form(schema: &Map<String, Value>) -> Result<Form, Undrawable> {
    let mut reader = Reader {
        place: Place::at_root(schema),
        left: FIELDS_MAX,
    };
    let root = reader.resolve(&Value::Object(schema.clone()))?;
    if type_name(&root.schema) != Some("object") {
        return Err(reader.place.refuse_member("type", "must be \"object\""));
    }
    let items = reader.object(&root, &Way::default())?;
    Ok(Form {
        title: text(&root.schema, "title"),
        description: text(&root.schema, "description"),
        items,
        frame: frame(root.schema),
    })
}

impl Reader<'_> {
    /// Counts a field, or an alternative.
    pub(super) fn count(&mut self) -> Result<(), Undrawable> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| self.place.refuse("is one field too many for a form"))?;
        Ok(())
    }

    fn resolve(&mut self, schema: &Value) -> Result<Resolved, Undrawable> {
        let mut schema = self.place.resolve(schema)?;
        let mut nullable = false;
        let mut alternatives = alternatives::find(self, &schema)?;
        while let Some(found) = &mut alternatives {
            nullable |= found.has_null;
            let [only] = found.schemas.as_mut_slice() else {
                break;
            };
            // What is beside the alternatives goes before what is in the only one.
            let mut only = std::mem::take(only);
            schema.remove(found.keyword);
            only.extend(schema);
            schema = only;
            alternatives = alternatives::find(self, &schema)?;
        }
        Ok(Resolved {
            schema,
            nullable,
            alternatives,
        })
    }

    /// The fields of an object.
    pub(super) fn object(&mut self, object: &Resolved, way: &Way) -> Result<Vec<Item>, Undrawable> {
        if way.path.len() + way.taken >= DEPTH_MAX {
            return Err(self.place.refuse("is nested too deep for a form"));
        }
        let schema = &object.schema;
        let choice = match &object.alternatives {
            Some(found) => Some(alternatives::item(self, schema, found, way)?),
            None => None,
        };
        let chosen = choice.as_ref().and_then(|choice| choice.path.last());
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&empty);
        let required = names(schema);
        let mut items = Vec::new();
        for (name, property) in properties {
            if chosen != Some(name) {
                let required = required.contains(&name.as_str());
                items.push(self.property((name, property), required, way)?);
            }
        }
        for name in required {
            let known = properties.contains_key(name)
                || choice.as_ref().is_some_and(|choice| choice.has(name));
            if !known {
                let rule = format!("names {name}, which properties does not describe");
                return Err(self.place.refuse_member("required", &rule));
            }
        }
        items.extend(choice);
        if items.is_empty() && !way.path.is_empty() && way.taken == 0 {
            let rule = "must have properties: a form cannot ask for members without names";
            return Err(self.place.refuse(rule));
        }
        Ok(items)
    }

    /// The field of a member of an object.
    pub(super) fn property(
        &mut self,
        (name, property): (&str, &Value),
        required: bool,
        way: &Way,
    ) -> Result<Item, Undrawable> {
        let at = self.place.enter(&["properties", name]);
        self.count()?;
        let mut resolved = self.resolve(property)?;
        let way = way.to(name);
        let mut kind = self.kind(&mut resolved, &way)?;
        self.place.leave(at);
        if let ItemKind::Group(inner) = &mut kind
            && let Some(choice) = inner.last_mut()
            && matches!(choice.kind, ItemKind::Alternatives(_))
        {
            // Whoever leaves the group out chooses nothing.
            choice.required = required && !resolved.nullable;
        }
        let Resolved {
            schema, nullable, ..
        } = resolved;
        let is_group = matches!(kind, ItemKind::Group(_));
        Ok(Item {
            title: text(&schema, "title").unwrap_or_else(|| name.to_owned()),
            description: text(&schema, "description"),
            required,
            nullable: nullable || has_null_type(&schema),
            default: schema.get("default").cloned(),
            kind,
            path: way.path,
            name: way.name,
            schema: match (is_group, nullable) {
                (true, _) => frame(schema),
                (false, true) => {
                    Map::from_iter([("anyOf".to_owned(), json!([schema, {"type": "null"}]))])
                }
                (false, false) => schema,
            },
        })
    }

    fn kind(&mut self, resolved: &mut Resolved, way: &Way) -> Result<ItemKind, Undrawable> {
        if let Some(found) = &resolved.alternatives
            && let Some(choices) = found.choices()
        {
            let values: Vec<&Value> = choices.iter().map(|choice| &choice.value).collect();
            let values = json!(values);
            let keyword = found.keyword;
            resolved.schema.remove(keyword);
            resolved.schema.insert("enum".to_owned(), values);
            return Ok(ItemKind::Choice(choices));
        }
        if let Some(value) = resolved.schema.get("const") {
            return Ok(ItemKind::Fixed(value.clone()));
        }
        let of_objects = resolved.alternatives.as_ref().map(Found::are_objects);
        let name = match (type_name(&resolved.schema), of_objects) {
            (None | Some("object"), Some(true)) => "object",
            (_, Some(_)) => return Err(self.place.refuse(alternatives::UNLIKE)),
            (Some(name), None) => name,
            (None, None) => return Err(self.place.refuse(TYPES)),
        };
        if name == "object" {
            return Ok(ItemKind::Group(self.object(resolved, way)?));
        }
        let schema = &resolved.schema;
        Ok(match name {
            "boolean" => ItemKind::Boolean,
            "string" | "number" | "integer" => match choices(schema, &self.place)? {
                Some(choices) => ItemKind::Choice(choices),
                None if name != "string" => ItemKind::Number {
                    integer: name == "integer",
                },
                None => text_kind(schema),
            },
            "array" => {
                let (kind, items) = self.list(schema)?;
                resolved.schema.insert("items".to_owned(), items);
                kind
            }
            _ => return Err(self.place.refuse("has a type that a form cannot ask for")),
        })
    }

    /// The kind of a list, and the resolved schema of its items.
    fn list(&mut self, schema: &Map<String, Value>) -> Result<(ItemKind, Value), Undrawable> {
        let wrong = "must have items of type string or number";
        let Some(items) = schema.get("items") else {
            return Err(self.place.refuse(wrong));
        };
        let at = self.place.enter(&["items"]);
        let mut resolved = self.resolve(items)?;
        self.place.leave(at);
        let kind = match self.kind_of_items(&mut resolved)? {
            Some(kind) => kind,
            None => return Err(self.place.refuse(wrong)),
        };
        Ok((kind, Value::Object(resolved.schema)))
    }

    fn kind_of_items(&mut self, items: &mut Resolved) -> Result<Option<ItemKind>, Undrawable> {
        let is_plain = match (type_name(&items.schema), &items.alternatives) {
            (_, Some(found)) => found.choices().is_some(),
            (name, None) => matches!(name, Some("string" | "number" | "integer")),
        };
        if !is_plain || items.nullable || items.schema.contains_key("const") {
            return Ok(None);
        }
        Ok(match self.kind(items, &Way::default())? {
            ItemKind::Choice(choices) => Some(ItemKind::Choices(choices)),
            ItemKind::Number { .. } => Some(ItemKind::Lines { numbers: true }),
            _ => Some(ItemKind::Lines { numbers: false }),
        })
    }
}

fn text_kind(schema: &Map<String, Value>) -> ItemKind {
    // wire: Ada names `format: password` alone; public forms mark secrets in these ways too
    let marks = ["writeOnly", "airbyte_secret"];
    if marks
        .iter()
        .any(|mark| schema.get(*mark) == Some(&Value::Bool(true)))
    {
        return ItemKind::Password;
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("password") => ItemKind::Password,
        Some("uri" | "url") => ItemKind::Text(TextInput::Url),
        Some("email") => ItemKind::Text(TextInput::Email),
        _ => ItemKind::Text(TextInput::Any),
    }
}

/// The keywords of an object that are not about single fields.
pub(super) fn frame(mut schema: Map<String, Value>) -> Map<String, Value> {
    let fields = ["properties", "required", "oneOf", "anyOf"];
    let others = ["definitions", "$defs", "default", "$id", "$anchor"];
    schema.retain(|keyword, _| {
        let keyword = keyword.as_str();
        !fields.contains(&keyword) && !others.contains(&keyword)
    });
    schema
}

/// The names of members that an object must have.
pub(super) fn names(schema: &Map<String, Value>) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The one type of a field beside `null`; that of its values if it only lists them.
pub(super) fn type_name(property: &Map<String, Value>) -> Option<&str> {
    match property.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            let mut names = names.filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())
        }
        Some(_) => None,
        None if property.contains_key("properties") => Some("object"),
        None => property
            .get("enum")
            .and_then(Value::as_array)
            .filter(|values| !values.is_empty() && values.iter().all(Value::is_string))
            .map(|_| "string"),
    }
}

fn has_null_type(schema: &Map<String, Value>) -> bool {
    let names = schema.get("type").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|name| name == "null"))
}

fn choices(
    property: &Map<String, Value>,
    place: &Place<'_>,
) -> Result<Option<Vec<Choice>>, Undrawable> {
    let Some(values) = property.get("enum").and_then(Value::as_array) else {
        return Ok(None);
    };
    let mut choices = Vec::new();
    for value in values {
        let fits = match type_name(property) {
            Some("string") => value.is_string(),
            Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            _ => value.is_number(),
        };
        match value {
            Value::Null => {}
            value if fits => choices.push(Choice::of(value, None)),
            _ => {
                let rule = format!("lists {value}, which is not of the type");
                return Err(place.refuse_member("enum", &rule));
            }
        }
    }
    match choices.is_empty() {
        true => Err(place.refuse_member("enum", "must list a text or number")),
        false => Ok(Some(choices)),
    }
}

/// A text of a schema that is not empty.
pub(super) fn text(schema: &Map<String, Value>, name: &str) -> Option<String> {
    let text = schema.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
