//! The form of an integration, as its JSON Schema describes it.

mod alternatives;
mod keywords;
mod read;
mod resolve;

use serde_json::{Map, Value};

use crate::kernel::{
    Rule,
    schema::{Limits, Schema},
};

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Its title.
    pub title: Option<String>,
    /// Its purpose.
    pub description: Option<String>,
    /// Its fields, in the order of the schema.
    pub items: Vec<Item>,
    /// The keywords of its schema that are not about single fields.
    pub(super) frame: Map<String, Value>,
}

/// A field, or a group of fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The way to it, member by member.
    pub path: Vec<String>,
    /// Its name in a submitted form: a JSON Pointer, with the numbers of the alternatives that it
    /// belongs to. Fields of two alternatives may have one path.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// A hint for whoever fills it in.
    pub description: Option<String>,
    /// True if it must be filled in.
    pub required: bool,
    /// True if null stands for an empty field.
    pub nullable: bool,
    /// Its value at first.
    pub default: Option<Value>,
    /// Its kind.
    pub kind: ItemKind,
    /// The schema of its value without references; of a group, its frame.
    pub(super) schema: Map<String, Value>,
}

/// The kind of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// An object: fields of its own.
    Group(Vec<Item>),
    /// A choice between alternatives of the object that it belongs to, each with fields of its own.
    Alternatives(Vec<Alternative>),
    /// A value that nobody chooses.
    Fixed(Value),
    /// A text.
    Text(TextInput),
    /// A text that is not shown.
    Password {
        /// True if it may have several lines, as a key in a file has.
        multiline: bool,
    },
    /// Yes or no.
    Boolean,
    /// A number.
    Number {
        /// True if it must be whole.
        integer: bool,
    },
    /// Any number of texts or numbers.
    Lines {
        /// True if they are numbers.
        numbers: bool,
        /// True if they are not shown.
        secret: bool,
    },
    /// One of several values.
    Choice(Vec<Choice>),
    /// Any of several values.
    Choices(Vec<Choice>),
}

/// One of several shapes of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// The value that tells it from the others, and its text.
    pub choice: Choice,
    /// A hint for whoever chooses.
    pub description: Option<String>,
    /// Its own fields.
    pub items: Vec<Item>,
    /// The names of members that it requires.
    pub(super) required: Vec<String>,
}

/// The kind of text, as browsers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextInput {
    /// Any.
    Any,
    /// A web address.
    Url,
    /// An e-mail address.
    Email,
}

/// A value to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The value.
    pub value: Value,
    /// Its text.
    pub label: String,
}

impl Choice {
    /// The value as it is in a submitted form.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// Why a schema cannot be drawn.
#[derive(Debug, PartialEq)]
pub(super) struct Undrawable {
    /// The way to the part of the schema.
    pub(super) path: Vec<String>,
    /// The rule that it breaks.
    pub(super) rule: Rule,
}

impl Form {
    /// The form that a schema describes.
    pub(super) fn of(schema: &Map<String, Value>, limits: &Limits) -> Result<Self, Undrawable> {
        let whole = Value::Object(schema.clone());
        if let Err(problem) = Schema::compile(&whole, limits) {
            return Err(Undrawable {
                path: Vec::new(),
                rule: Rule::Other(format!("must be a valid JSON Schema: {problem}")),
            });
        }
        read::form(schema)
    }

    /// The fields without their groups, in order.
    #[must_use]
    pub fn fields(&self) -> Vec<&Item> {
        let mut found = Vec::new();
        collect(&self.items, &mut found);
        found
    }
}

fn collect<'a>(items: &'a [Item], found: &mut Vec<&'a Item>) {
    for item in items {
        match &item.kind {
            ItemKind::Group(inner) => collect(inner, found),
            ItemKind::Alternatives(alternatives) => {
                found.push(item);
                for alternative in alternatives {
                    collect(&alternative.items, found);
                }
            }
            _ => found.push(item),
        }
    }
}

#[cfg(test)]
mod tests;
