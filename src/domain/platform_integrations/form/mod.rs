//! The form of an integration, built from its JSON Schema.

mod alternatives;
mod keywords;
mod reader;
mod resolve;

use serde_json::{Map, Value};

use crate::kernel::{
    Rule,
    schema::{Limits, Schema},
};

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Title of the form.
    pub title: Option<String>,
    /// Description of the form.
    pub description: Option<String>,
    /// Fields and groups, in the order of the schema.
    pub items: Vec<FormItem>,
    /// The schema's keywords that are not about single fields.
    pub(super) object_schema: Map<String, Value>,
}

/// A field, or a group of fields.
#[derive(Debug, Clone, PartialEq)]
pub struct FormItem {
    /// Path of member names in the answers.
    pub path: Vec<String>,
    /// Name in the submitted form: a JSON Pointer with the indexes of the alternatives on the path. Fields of
    /// two alternatives may have the same path.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Hint for the person who fills in the form.
    pub description: Option<String>,
    /// True if it must be filled in.
    pub required: bool,
    /// True if null is the value of an empty field.
    pub nullable: bool,
    /// Initial value.
    pub default: Option<Value>,
    /// Kind of the field.
    pub kind: FormItemKind,
    /// Schema of the value without references. For a group, only the keywords that are not about single fields.
    pub(super) schema: Map<String, Value>,
}

/// The kind of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FormItemKind {
    /// An object with its own fields.
    Group(Vec<FormItem>),
    /// A choice between alternatives of the enclosing object, each with its own fields.
    Alternatives(Vec<FormAlternative>),
    /// A constant value.
    Fixed(Value),
    /// A text.
    Text(TextInput),
    /// A masked text.
    Password {
        /// True if it may have several lines, such as a key file.
        multiline: bool,
    },
    /// A checkbox.
    Boolean,
    /// A number.
    Number {
        /// True if it must be a whole number.
        integer: bool,
    },
    /// A list of texts or numbers, one per line.
    Lines {
        /// True for numbers.
        numbers: bool,
        /// True if the values are masked.
        secret: bool,
    },
    /// A choice of one value.
    Choice(Vec<FormChoice>),
    /// A choice of any number of values.
    Choices(Vec<FormChoice>),
}

/// An alternative of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct FormAlternative {
    /// The value of the discriminator, and its label.
    pub choice: FormChoice,
    /// Hint for the person who chooses.
    pub description: Option<String>,
    /// Fields of the alternative.
    pub items: Vec<FormItem>,
    /// Names of the members that it requires.
    pub(super) required: Vec<String>,
}

/// The type of a text input in HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextInput {
    /// Any text.
    Any,
    /// A URL.
    Url,
    /// An e-mail address.
    Email,
}

/// A value to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct FormChoice {
    /// The value.
    pub value: Value,
    /// Label for people.
    pub label: String,
}

impl FormChoice {
    /// Returns the value's text in a submitted form.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// The reason for which a schema cannot be rendered as a form.
#[derive(Debug, PartialEq)]
pub(super) struct UnsupportedSchema {
    /// Path of the offending part of the schema.
    pub(super) path: Vec<String>,
    /// The broken rule.
    pub(super) rule: Rule,
}

impl Form {
    /// Builds the form of a schema.
    pub(super) fn parse(
        schema: &Map<String, Value>,
        limits: &Limits,
    ) -> Result<Self, UnsupportedSchema> {
        let whole = Value::Object(schema.clone());
        if let Err(problem) = Schema::compile(&whole, limits) {
            return Err(UnsupportedSchema {
                path: Vec::new(),
                rule: Rule::Other(format!("must be a valid JSON Schema: {problem}")),
            });
        }
        reader::read_form(schema)
    }

    /// Returns all fields in order, including those in groups and alternatives, without the groups themselves.
    #[must_use]
    pub fn fields(&self) -> Vec<&FormItem> {
        let mut found = Vec::new();
        collect_fields(&self.items, &mut found);
        found
    }
}

fn collect_fields<'a>(items: &'a [FormItem], found: &mut Vec<&'a FormItem>) {
    for item in items {
        match &item.kind {
            FormItemKind::Group(inner) => collect_fields(inner, found),
            FormItemKind::Alternatives(alternatives) => {
                found.push(item);
                for alternative in alternatives {
                    collect_fields(&alternative.items, found);
                }
            }
            _ => found.push(item),
        }
    }
}

#[cfg(test)]
mod tests;
