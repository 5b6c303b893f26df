//! From what was typed into a form to the configuration that its schema describes.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::form::{Choice, Form, Item, ItemKind};
use crate::kernel::{Violation, violation::Step};

/// What was typed, by the names of the fields. Never logged: it has passwords.
#[derive(Default)]
pub struct Typed(HashMap<String, Vec<String>>);

impl Typed {
    /// The values that a form was sent with.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut typed: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in pairs {
            typed.entry(name).or_default().push(value);
        }
        Self(typed)
    }

    /// The first value of a field.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    /// Every value of a field.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

impl Form {
    /// The answers, still to be checked against the schema. What is not one of a field's values
    /// stays as it was typed, so that the check finds it.
    #[must_use]
    pub fn answers(&self, typed: &Typed) -> Map<String, Value> {
        read(&self.items, typed).0
    }

    /// The field or group that a broken rule is about; none for the form as a whole.
    #[must_use]
    pub fn place_of(&self, violation: &Violation) -> Option<&Item> {
        let keys = violation.path.iter().map_while(|step| match step {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        });
        let mut items: &[Item] = &self.items;
        let mut found = None;
        for key in keys {
            let Some(item) = items.iter().find(|item| item.path.last() == Some(key)) else {
                break;
            };
            found = Some(item);
            items = match &item.kind {
                ItemKind::Group(inner) => inner,
                _ => &[],
            };
        }
        found
    }
}

/// The values of some fields, and whether anything was filled in.
fn read(items: &[Item], typed: &Typed) -> (Map<String, Value>, bool) {
    let mut values = Map::new();
    let mut any = false;
    for item in items {
        let Some(key) = item.path.last() else {
            continue;
        };
        let (value, filled) = match &item.kind {
            ItemKind::Group(inner) => {
                let (inner, filled) = read(inner, typed);
                let needed = item.required || filled;
                (needed.then_some(Value::Object(inner)), filled)
            }
            _ => field(item, typed),
        };
        any |= filled;
        if let Some(value) = value {
            values.insert(key.clone(), value);
        }
    }
    (values, any)
}

/// The value of a field, and whether it was filled in. An empty field has none.
fn field(item: &Item, typed: &Typed) -> (Option<Value>, bool) {
    let all = typed.all(&item.name());
    let text = all.first().map_or("", |text| text.trim());
    let value = match &item.kind {
        ItemKind::Boolean => return (Some(Value::Bool(!all.is_empty())), !all.is_empty()),
        // What is masked is taken as it is: a blank may be part of it.
        ItemKind::Password => all
            .first()
            .filter(|text| !text.is_empty())
            .cloned()
            .map(Value::String),
        ItemKind::Number { .. } => (!text.is_empty()).then(|| number(text)),
        ItemKind::Choice(choices) => (!text.is_empty()).then(|| chosen(text, choices)),
        ItemKind::Choices(choices) => list(all.iter().map(|text| chosen(text, choices)).collect()),
        ItemKind::Lines { numbers } => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            list(
                lines
                    .map(|line| if *numbers { number(line) } else { line.into() })
                    .collect(),
            )
        }
        ItemKind::Text(_) | ItemKind::Group(_) => {
            (!text.is_empty()).then(|| Value::String(text.to_owned()))
        }
    };
    let filled = value.is_some();
    (value, filled)
}

fn list(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

fn number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or_else(|| text.into(), Value::Number)
}

fn chosen(text: &str, choices: &[Choice]) -> Value {
    let choice = choices.iter().find(|choice| choice.label == text);
    choice.map_or_else(|| text.into(), |choice| choice.value.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::schema::Limits;

    fn answers(pairs: &[(&str, &str)]) -> Value {
        let schema = json!({"type": "object", "required": ["account"], "properties": {
            "account": {"type": "object", "properties": {"name": {"type": "string"}}},
            "on": {"type": "boolean"},
            "size": {"type": "number"},
            "count": {"type": "integer"},
            "lines": {"type": "array", "items": {"type": "integer"}},
            "one": {"enum": ["a", "b"]},
            "many": {"type": "array", "items": {"type": "number", "enum": [1, 2]}},
            "group": {"type": "object", "properties": {
                "text": {"type": "string"}, "on": {"type": "boolean"}}},
            "key": {"type": "string", "format": "password"}
        }});
        let form =
            Form::of(schema.as_object().expect("an object"), &Limits::default()).expect("a form");
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Value::Object(form.answers(&Typed::of(pairs)))
    }

    #[test]
    fn an_empty_form_has_only_what_is_always_there() {
        assert_eq!(answers(&[]), json!({"account": {}, "on": false}));
        assert_eq!(
            answers(&[("/one", ""), ("/size", " "), ("/lines", "\r\n")]),
            json!({"account": {}, "on": false})
        );
    }

    #[test]
    fn each_field_becomes_a_value_of_its_type() {
        let typed = [
            ("/account/name", " Acme "),
            ("/on", "on"),
            ("/size", "1.5"),
            ("/count", "many"),
            ("/lines", "1\r\n\r\n2 \r\nx"),
            ("/one", "b"),
            ("/many", "2"),
            ("/many", "7"),
            ("/group/text", "t"),
            ("/key", " s "),
            ("/unknown", "x"),
        ];
        assert_eq!(
            answers(&typed),
            json!({"account": {"name": "Acme"}, "on": true, "size": 1.5, "count": "many",
                   "lines": [1, 2, "x"], "one": "b", "many": [2, "7"],
                   "group": {"text": "t", "on": false}, "key": " s "})
        );
    }
}
