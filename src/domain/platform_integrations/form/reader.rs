//! Builds the fields of a form from its schema.

use serde_json::{Map, Value, json};

use super::{
    Form, FormItem, FormItemKind, UnsupportedSchema,
    alternatives::{self, FoundAlternatives},
    keywords::{
        enum_choices, has_null_type, is_secret, non_empty_text, required_names,
        retain_object_keywords, text_item_kind, type_name,
    },
    resolve::SchemaCursor,
};

/// Maximum depth of nested groups and alternatives.
const DEPTH_MAX: usize = 5;
/// Maximum number of fields of a form.
const FIELDS_MAX: usize = 100;

/// The error for fields of other types.
const UNSUPPORTED_TYPE: &str =
    "must have one of the types string, boolean, number, integer, array, object";

/// The path of an object: in the answers, and in the field names of the submitted form.
#[derive(Clone, Default)]
pub(super) struct FieldPath {
    pub(super) path: Vec<String>,
    pub(super) name: String,
    /// Number of alternatives on the path.
    alternatives: usize,
}

impl FieldPath {
    /// Returns the path of a member.
    pub(super) fn member(&self, member: &str) -> Self {
        let mut path = self.path.clone();
        path.push(member.to_owned());
        let step = member
            .replace('~', "~0")
            .replace('/', "~1")
            .replace('#', "~2");
        let name = format!("{}/{step}", self.name);
        let taken = self.alternatives;
        Self {
            path,
            name,
            alternatives: taken,
        }
    }

    /// Returns the path of the same object in one of its alternatives.
    pub(super) fn alternative(&self, index: usize) -> Self {
        Self {
            path: self.path.clone(),
            name: format!("{}#{index}", self.name),
            alternatives: self.alternatives + 1,
        }
    }
}

/// The schema of a field, with references resolved.
pub(super) struct ResolvedSchema {
    pub(super) schema: Map<String, Value>,
    /// True if null is one of the alternatives.
    nullable: bool,
    /// The alternatives other than null, if there are several.
    alternatives: Option<FoundAlternatives>,
}

impl ResolvedSchema {
    /// Resolves an alternative of an object, which may have alternatives itself.
    pub(super) fn resolve_object(
        reader: &mut SchemaReader<'_>,
        schema: Map<String, Value>,
    ) -> Result<Self, UnsupportedSchema> {
        reader.resolve(&Value::Object(schema))
    }
}

/// Walks through the schema of a form.
pub(super) struct SchemaReader<'a> {
    pub(super) cursor: SchemaCursor<'a>,
    fields_left: usize,
}

/// Builds the form of a schema.
pub(super) fn read_form(schema: &Map<String, Value>) -> Result<Form, UnsupportedSchema> {
    let mut reader = SchemaReader {
        cursor: SchemaCursor::at_root(schema),
        fields_left: FIELDS_MAX,
    };
    let root = reader.resolve(&Value::Object(schema.clone()))?;
    if type_name(&root.schema) != Some("object") {
        return Err(reader.cursor.refuse_member("type", "must be \"object\""));
    }
    let items = reader.read_object(&root, &FieldPath::default())?;
    Ok(Form {
        title: non_empty_text(&root.schema, "title"),
        description: non_empty_text(&root.schema, "description"),
        items,
        object_schema: retain_object_keywords(root.schema),
    })
}

impl SchemaReader<'_> {
    /// Counts a field or an alternative against the limit.
    pub(super) fn count_field(&mut self) -> Result<(), UnsupportedSchema> {
        let left = self.fields_left.checked_sub(1);
        self.fields_left = left.ok_or_else(|| {
            self.cursor.refuse(format!(
                "exceeds the limit of {FIELDS_MAX} fields in a form"
            ))
        })?;
        Ok(())
    }

    fn resolve(&mut self, schema: &Value) -> Result<ResolvedSchema, UnsupportedSchema> {
        let mut schema = self.cursor.resolve(schema)?;
        let mut nullable = false;
        let mut alternatives = alternatives::find_alternatives(self, &schema)?;
        while let Some(found) = &mut alternatives {
            nullable |= found.has_null;
            let [only] = found.schemas.as_mut_slice() else {
                break;
            };
            let only = std::mem::take(only);
            schema.remove(found.keyword);
            schema = self.cursor.merge(only, schema)?;
            alternatives = alternatives::find_alternatives(self, &schema)?;
        }
        Ok(ResolvedSchema {
            schema,
            nullable,
            alternatives,
        })
    }

    /// Builds the fields of an object.
    pub(super) fn read_object(
        &mut self,
        object: &ResolvedSchema,
        field_path: &FieldPath,
    ) -> Result<Vec<FormItem>, UnsupportedSchema> {
        // An alternative may have no field besides the discriminator.
        let step = field_path.name.rsplit('/').next();
        let is_alternative = step.is_some_and(|step| step.contains('#'));
        if field_path.path.len() + field_path.alternatives >= DEPTH_MAX {
            let rule = format!("must not be nested more than {DEPTH_MAX} deep in a form");
            return Err(self.cursor.refuse(rule));
        }
        let schema = &object.schema;
        let choice = match &object.alternatives {
            Some(found) => Some(alternatives::build_choice(self, schema, found, field_path)?),
            None => None,
        };
        let chosen = choice.as_ref().and_then(|choice| choice.path.last());
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&empty);
        let required = required_names(schema);
        let mut items = Vec::new();
        for (name, property) in properties {
            if chosen != Some(name) {
                let required = required.contains(&name.as_str());
                items.push(self.read_property((name, property), required, field_path)?);
            }
        }
        for name in required {
            let known = properties.contains_key(name)
                || choice
                    .as_ref()
                    .is_some_and(|choice| choice.has_member(name));
            if !known {
                let rule = format!("names {name}, which properties does not describe");
                return Err(self.cursor.refuse_member("required", &rule));
            }
        }
        items.extend(choice);
        if items.is_empty() && !is_alternative && !field_path.path.is_empty() {
            let rule = "must have properties: a form cannot ask for members without names";
            return Err(self.cursor.refuse(rule));
        }
        Ok(items)
    }

    /// Builds the field of a member of an object.
    pub(super) fn read_property(
        &mut self,
        (name, property): (&str, &Value),
        required: bool,
        field_path: &FieldPath,
    ) -> Result<FormItem, UnsupportedSchema> {
        let at = self.cursor.enter(&["properties", name]);
        self.count_field()?;
        let mut resolved = self.resolve(property)?;
        let field_path = field_path.member(name);
        let mut kind = self.read_kind(&mut resolved, &field_path)?;
        let is_masked = matches!(
            kind,
            FormItemKind::Password { .. }
                | FormItemKind::Lines { secret: true, .. }
                | FormItemKind::Fixed(_)
        );
        if is_secret(&resolved.schema) && !is_masked {
            let rule = "is a secret, which must be a string or a list of strings in a form";
            return Err(self.cursor.refuse(rule));
        }
        self.cursor.leave(at);
        if let FormItemKind::Group(inner) = &mut kind
            && let Some(choice) = inner.last_mut()
            && matches!(choice.kind, FormItemKind::Alternatives(_))
        {
            // Nothing needs to be chosen if the group can be left out.
            choice.required = required && !resolved.nullable;
        }
        let ResolvedSchema {
            schema, nullable, ..
        } = resolved;
        let is_group = matches!(kind, FormItemKind::Group(_));
        Ok(FormItem {
            title: non_empty_text(&schema, "title").unwrap_or_else(|| name.to_owned()),
            description: non_empty_text(&schema, "description"),
            required,
            nullable: nullable || has_null_type(&schema),
            default: schema.get("default").cloned(),
            kind,
            path: field_path.path,
            name: field_path.name,
            schema: match (is_group, nullable) {
                (true, _) => retain_object_keywords(schema),
                (false, true) => {
                    Map::from_iter([("anyOf".to_owned(), json!([schema, {"type": "null"}]))])
                }
                (false, false) => schema,
            },
        })
    }

    fn read_kind(
        &mut self,
        resolved: &mut ResolvedSchema,
        field_path: &FieldPath,
    ) -> Result<FormItemKind, UnsupportedSchema> {
        if let Some(found) = &resolved.alternatives
            && let Some(choices) = found.to_choices()
        {
            let values: Vec<&Value> = choices.iter().map(|choice| &choice.value).collect();
            let values = json!(values);
            let keyword = found.keyword;
            resolved.schema.remove(keyword);
            resolved.schema.insert("enum".to_owned(), values);
            return Ok(FormItemKind::Choice(choices));
        }
        if let Some(value) = resolved.schema.get("const") {
            return Ok(FormItemKind::Fixed(value.clone()));
        }
        let of_objects = resolved
            .alternatives
            .as_ref()
            .map(FoundAlternatives::are_objects);
        let name = match (type_name(&resolved.schema), of_objects) {
            (None | Some("object"), Some(true)) => "object",
            (_, Some(_)) => return Err(self.cursor.refuse(alternatives::UNSUPPORTED_ALTERNATIVES)),
            (Some(name), None) => name,
            (None, None) => return Err(self.cursor.refuse(UNSUPPORTED_TYPE)),
        };
        if name == "object" {
            return Ok(FormItemKind::Group(self.read_object(resolved, field_path)?));
        }
        let schema = &resolved.schema;
        Ok(match name {
            "boolean" => FormItemKind::Boolean,
            "string" | "number" | "integer" => match enum_choices(schema, &self.cursor)? {
                Some(choices) => FormItemKind::Choice(choices),
                None if name != "string" => FormItemKind::Number {
                    integer: name == "integer",
                },
                None => text_item_kind(schema),
            },
            "array" => {
                let secret_list = is_secret(schema);
                let (mut kind, items) = self.read_list(schema)?;
                if let FormItemKind::Lines {
                    numbers: false,
                    secret,
                } = &mut kind
                {
                    *secret |= secret_list;
                }
                resolved.schema.insert("items".to_owned(), items);
                kind
            }
            _ => return Err(self.cursor.refuse("has a type that a form cannot ask for")),
        })
    }

    /// Returns the kind of a list, and the resolved schema of its items.
    fn read_list(
        &mut self,
        schema: &Map<String, Value>,
    ) -> Result<(FormItemKind, Value), UnsupportedSchema> {
        let wrong = "must have items of type string or number";
        let Some(items) = schema.get("items") else {
            return Err(self.cursor.refuse(wrong));
        };
        let at = self.cursor.enter(&["items"]);
        let mut resolved = self.resolve(items)?;
        self.cursor.leave(at);
        let kind = match self.read_list_kind(&mut resolved)? {
            Some(kind) => kind,
            None => return Err(self.cursor.refuse(wrong)),
        };
        Ok((kind, Value::Object(resolved.schema)))
    }

    fn read_list_kind(
        &mut self,
        items: &mut ResolvedSchema,
    ) -> Result<Option<FormItemKind>, UnsupportedSchema> {
        let is_plain = match (type_name(&items.schema), &items.alternatives) {
            (_, Some(found)) => found.to_choices().is_some(),
            (name, None) => matches!(name, Some("string" | "number" | "integer")),
        };
        if !is_plain || items.nullable || items.schema.contains_key("const") {
            return Ok(None);
        }
        Ok(match self.read_kind(items, &FieldPath::default())? {
            FormItemKind::Choice(choices) => Some(FormItemKind::Choices(choices)),
            FormItemKind::Number { .. } => Some(FormItemKind::Lines {
                numbers: true,
                secret: false,
            }),
            kind => Some(FormItemKind::Lines {
                numbers: false,
                secret: matches!(kind, FormItemKind::Password { .. }),
            }),
        })
    }
}
