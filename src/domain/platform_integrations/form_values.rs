//! Converts submitted form values to the configuration that the form's schema describes.

use std::collections::HashMap;

use serde_json::{Map, Number, Value, json};

use super::form::{Form, FormAlternative, FormChoice, FormItem, FormItemKind};
use crate::kernel::{Violation, violation::PathSegment};

/// The answers of a submitted form. Never logged, because they contain passwords.
pub struct FormValues {
    /// The values, not validated yet.
    pub values: Map<String, Value>,
    /// The form's schema with only the chosen alternatives, so that each violation belongs to a field.
    pub(super) schema: Value,
}

/// Submitted values by field name. Never logged, because they contain passwords.
#[derive(Default)]
pub struct SubmittedForm(HashMap<String, Vec<String>>);

impl SubmittedForm {
    /// Groups the name–value pairs of a submitted form by name.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut typed: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in pairs {
            typed.entry(name).or_default().push(value);
        }
        Self(typed)
    }

    /// Returns the first value of a field.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    /// Returns all values of a field.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

impl Form {
    /// Converts submitted values to answers. A value that a field does not accept stays as submitted, so that
    /// validation finds it.
    #[must_use]
    pub fn parse_values(&self, typed: &SubmittedForm) -> FormValues {
        let mut values = Map::new();
        read_items(&self.items, typed, &mut values);
        FormValues {
            values,
            schema: build_schema(&self.object_schema, &self.items, typed),
        }
    }

    /// Returns the field or group that a violation is about; none for the form as a whole.
    #[must_use]
    pub fn find_violated_item(
        &self,
        violation: &Violation,
        typed: &SubmittedForm,
    ) -> Option<&FormItem> {
        let keys = violation.path.iter().map_while(|step| match step {
            PathSegment::Key(key) => Some(key),
            PathSegment::Index(_) => None,
        });
        let mut items: &[FormItem] = &self.items;
        let mut found = None;
        for key in keys {
            let Some(item) = find_member(items, key, typed) else {
                break;
            };
            found = Some(item);
            items = match &item.kind {
                FormItemKind::Group(inner) => inner,
                _ => &[],
            };
        }
        found
    }
}

/// Returns the field of a member: one of the object's own, or one of its chosen alternative.
fn find_member<'a>(
    items: &'a [FormItem],
    key: &str,
    typed: &SubmittedForm,
) -> Option<&'a FormItem> {
    let is_named = |item: &&FormItem| item.path.last().is_some_and(|last| last == key);
    items.iter().find(is_named).or_else(|| {
        let mut chosen = items
            .iter()
            .filter_map(|item| find_chosen_alternative(item, typed));
        chosen.find_map(|alternative| find_member(&alternative.items, key, typed))
    })
}

/// Returns the chosen alternative of a field.
fn find_chosen_alternative<'a>(
    item: &'a FormItem,
    typed: &SubmittedForm,
) -> Option<&'a FormAlternative> {
    let FormItemKind::Alternatives(alternatives) = &item.kind else {
        return None;
    };
    let key = typed.first(&item.name)?;
    alternatives
        .iter()
        .find(|alternative| alternative.choice.key() == key)
}

/// Returns the schema of an object with the chosen alternatives merged in.
fn build_schema(frame: &Map<String, Value>, items: &[FormItem], typed: &SubmittedForm) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    add_members(items, typed, &mut properties, &mut required);
    let mut schema = frame.clone();
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), required.into());
    Value::Object(schema)
}

fn add_members(
    items: &[FormItem],
    typed: &SubmittedForm,
    properties: &mut Map<String, Value>,
    required: &mut Vec<String>,
) {
    for item in items {
        let Some(key) = item.path.last() else {
            continue;
        };
        let value = match &item.kind {
            FormItemKind::Group(inner) => build_schema(&item.schema, inner, typed),
            _ => Value::Object(item.schema.clone()),
        };
        let value = match (item.nullable, &item.kind) {
            (true, FormItemKind::Group(_)) => json!({"anyOf": [value, {"type": "null"}]}),
            _ => value,
        };
        properties.insert(key.clone(), value);
        if item.required || matches!(item.kind, FormItemKind::Alternatives(_)) {
            required.push(key.clone());
        }
        if let Some(alternative) = find_chosen_alternative(item, typed) {
            add_members(&alternative.items, typed, properties, required);
            required.extend(alternative.required.iter().cloned());
        }
    }
    required.sort_unstable();
    required.dedup();
}

/// Reads the values of some fields. Returns true if one of them was filled in.
fn read_items(items: &[FormItem], typed: &SubmittedForm, values: &mut Map<String, Value>) -> bool {
    let mut any = false;
    for item in items {
        let Some(key) = item.path.last() else {
            continue;
        };
        let (value, filled) = match &item.kind {
            FormItemKind::Group(inner) => {
                let mut members = Map::new();
                let filled = read_items(inner, typed, &mut members);
                let needed = filled || (item.required && !item.nullable);
                (needed.then_some(Value::Object(members)), filled)
            }
            FormItemKind::Fixed(value) => (Some(value.clone()), false),
            _ => read_field(item, typed),
        };
        any |= filled;
        // Null is the value of an empty field that is required.
        let value = value.or_else(|| (item.required && item.nullable).then_some(Value::Null));
        if let Some(value) = value {
            values.insert(key.clone(), value);
        }
        if let Some(alternative) = find_chosen_alternative(item, typed) {
            any = true;
            read_items(&alternative.items, typed, values);
        }
    }
    any
}

/// Returns the value of a field, and true if it was filled in. An empty field has no value.
fn read_field(item: &FormItem, typed: &SubmittedForm) -> (Option<Value>, bool) {
    let all = typed.all(&item.name);
    let text = all.first().map_or("", |text| text.trim());
    let value = match &item.kind {
        FormItemKind::Boolean => return (Some(Value::Bool(!all.is_empty())), !all.is_empty()),
        // Passwords are not trimmed: a blank may be part of one.
        FormItemKind::Password { .. } => all
            .first()
            .filter(|text| !text.is_empty())
            .cloned()
            .map(Value::String),
        FormItemKind::Number { .. } => (!text.is_empty()).then(|| parse_number(text)),
        FormItemKind::Choice(choices) => {
            (!text.is_empty()).then(|| find_choice_value(text, choices))
        }
        FormItemKind::Choices(choices) => non_empty_array(
            all.iter()
                .map(|text| find_choice_value(text, choices))
                .collect(),
        ),
        FormItemKind::Alternatives(_) => {
            (!text.is_empty()).then(|| match find_chosen_alternative(item, typed) {
                Some(alternative) => alternative.choice.value.clone(),
                None => text.into(),
            })
        }
        FormItemKind::Lines { numbers, .. } => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            non_empty_array(
                lines
                    .map(|line| {
                        if *numbers {
                            parse_number(line)
                        } else {
                            line.into()
                        }
                    })
                    .collect(),
            )
        }
        FormItemKind::Text(_) | FormItemKind::Group(_) | FormItemKind::Fixed(_) => {
            (!text.is_empty()).then(|| Value::String(text.to_owned()))
        }
    };
    let filled = value.is_some();
    (value, filled)
}

fn non_empty_array(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

fn parse_number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or_else(|| text.into(), Value::Number)
}

fn find_choice_value(text: &str, choices: &[FormChoice]) -> Value {
    let choice = choices.iter().find(|choice| choice.key() == text);
    choice.map_or_else(|| text.into(), |choice| choice.value.clone())
}

#[cfg(test)]
mod tests;
