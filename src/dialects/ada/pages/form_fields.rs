//! The fields of a form for the template `platform/field.html`: each with its notes and its control, with the
//! submitted value or the default.

use askama::{Template, filters::HtmlSafe};
use serde_json::Value;

use super::form_errors::FormErrors;
use crate::domain::platform_integrations::{
    Form, FormAlternative, FormChoice, FormItem, FormItemKind, SubmittedForm, TextInput,
};

/// A field, or a group of fields.
#[derive(Template)]
#[template(path = "platform/field.html")]
pub struct Field<'a> {
    /// ID of the element.
    id: String,
    item: &'a FormItem,
    notes: Vec<Note<'a>>,
    control: Control<'a>,
}

impl HtmlSafe for Field<'_> {}

/// A hint or an error of a field.
struct Note<'a> {
    /// Part of the element's ID.
    kind: &'static str,
    text: &'a str,
}

enum Control<'a> {
    Group(Vec<Field<'a>>),
    Radios {
        name: &'a str,
        choices: Vec<Choice<'a>>,
    },
    Checkboxes(Vec<Choice<'a>>),
    Checkbox(bool),
    Select(Vec<Choice<'a>>),
    Lines(String),
    MaskedLines,
    Password,
    Input {
        /// The attribute `type`.
        kind: &'static str,
        /// The attribute `inputmode`.
        mode: Option<&'static str>,
        value: String,
    },
}

struct Choice<'a> {
    /// ID of the element.
    id: String,
    value: String,
    label: &'a str,
    is_chosen: bool,
    hint: Option<&'a str>,
    /// Fields of an alternative. The style sheet hides the fields of the alternatives that are not chosen. The
    /// browser submits all fields, so that changing the choice loses nothing.
    fields: Vec<Field<'a>>,
}

/// An entry in the summary of errors.
pub struct Problem<'a> {
    /// ID of the field; `None` for an error of the form as a whole.
    pub field_id: Option<String>,
    /// The message.
    pub message: &'a str,
}

/// Returns the fields of a form and the summary of its errors. `submitted` contains the submitted values, if the
/// form was submitted.
pub fn build_fields<'a>(
    form: &'a Form,
    submitted: Option<&'a SubmittedForm>,
    errors: &'a FormErrors,
) -> (Vec<Field<'a>>, Vec<Problem<'a>>) {
    let mut builder = FieldBuilder {
        submitted,
        errors,
        field_count: 0,
        problems: Vec::new(),
    };
    let fields = builder.build_fields(&form.items);
    let form_level = errors.form_level().iter().map(|message| Problem {
        field_id: None,
        message,
    });
    builder.problems.extend(form_level);
    (fields, builder.problems)
}

struct FieldBuilder<'a> {
    submitted: Option<&'a SubmittedForm>,
    errors: &'a FormErrors,
    /// Number of fields so far, from which the ID of the next field is made.
    field_count: usize,
    /// Errors so far, in the order of the fields.
    problems: Vec<Problem<'a>>,
}

impl<'a> FieldBuilder<'a> {
    fn build_fields(&mut self, items: &'a [FormItem]) -> Vec<Field<'a>> {
        items
            .iter()
            .filter_map(|item| self.build_field(item))
            .collect()
    }

    /// Returns the field of an item; `None` for a fixed value, which has no input.
    fn build_field(&mut self, item: &'a FormItem) -> Option<Field<'a>> {
        self.field_count += 1;
        let id = format!("field-{}", self.field_count);
        let mut notes = self.build_hints(item);
        self.add_errors(&item.name, &id, &mut notes);
        let control = match &item.kind {
            FormItemKind::Fixed(_) => return None,
            FormItemKind::Group(inner) => match inner.as_slice() {
                // A group with a single choice becomes one fieldset.
                [
                    choice @ FormItem {
                        kind: FormItemKind::Alternatives(alternatives),
                        ..
                    },
                ] => {
                    self.add_errors(&choice.name, &id, &mut notes);
                    self.build_radios(choice, &id, alternatives)
                }
                inner => Control::Group(self.build_fields(inner)),
            },
            FormItemKind::Alternatives(alternatives) => self.build_radios(item, &id, alternatives),
            FormItemKind::Choices(choices) => {
                let defaults = item.default.as_ref().and_then(Value::as_array);
                Control::Checkboxes(build_choices(&id, choices, |choice, key| {
                    match self.submitted {
                        Some(submitted) => submitted.all(&item.name).contains(key),
                        None => defaults.is_some_and(|values| values.contains(&choice.value)),
                    }
                }))
            }
            FormItemKind::Boolean => Control::Checkbox(match self.submitted {
                Some(submitted) => !submitted.all(&item.name).is_empty(),
                None => item.default == Some(Value::Bool(true)),
            }),
            FormItemKind::Choice(choices) => {
                let chosen = self.current_value(item);
                Control::Select(build_choices(&id, choices, |_, key| *key == chosen))
            }
            FormItemKind::Lines { secret: true, .. }
            | FormItemKind::Password { multiline: true } => Control::MaskedLines,
            FormItemKind::Lines { .. } => Control::Lines(self.current_value(item)),
            FormItemKind::Password { .. } => Control::Password,
            FormItemKind::Number { integer: true } => {
                self.build_input(item, "text", Some("numeric"))
            }
            FormItemKind::Number { .. } => self.build_input(item, "text", Some("decimal")),
            FormItemKind::Text(TextInput::Url) => self.build_input(item, "url", None),
            FormItemKind::Text(TextInput::Email) => self.build_input(item, "email", None),
            FormItemKind::Text(TextInput::Any) => self.build_input(item, "text", None),
        };
        Some(Field {
            id,
            item,
            notes,
            control,
        })
    }

    fn build_hints(&self, item: &'a FormItem) -> Vec<Note<'a>> {
        let submitted = self.submitted.and_then(|form| form.first(&item.name));
        let is_lost = is_masked(item) && submitted.is_some_and(|text| !text.is_empty());
        let is_list = matches!(item.kind, FormItemKind::Lines { .. });
        let hints = [
            item.description.as_deref().map(|text| ("hint", text)),
            is_list.then_some(("lines", "One on each line.")),
            is_lost.then_some(("again", "Enter it again: it was not stored.")),
        ];
        hints
            .into_iter()
            .flatten()
            .map(|(kind, text)| Note { kind, text })
            .collect()
    }

    fn add_errors(&mut self, name: &str, id: &str, notes: &mut Vec<Note<'a>>) {
        for message in self.errors.for_field(name) {
            notes.push(Note {
                kind: "error",
                text: message,
            });
            self.problems.push(Problem {
                field_id: Some(id.to_owned()),
                message,
            });
        }
    }

    fn build_input(
        &self,
        item: &FormItem,
        kind: &'static str,
        mode: Option<&'static str>,
    ) -> Control<'a> {
        Control::Input {
            kind,
            mode,
            value: self.current_value(item),
        }
    }

    fn build_radios(
        &mut self,
        item: &'a FormItem,
        id: &str,
        alternatives: &'a [FormAlternative],
    ) -> Control<'a> {
        let chosen = self.current_value(item);
        let none = (!item.required).then(|| Choice {
            id: format!("{id}-none"),
            value: String::new(),
            label: "None",
            is_chosen: chosen.is_empty(),
            hint: None,
            fields: Vec::new(),
        });
        let mut choices = Vec::from_iter(none);
        for (index, alternative) in alternatives.iter().enumerate() {
            let key = alternative.choice.key();
            choices.push(Choice {
                id: format!("{id}-{index}"),
                is_chosen: key == chosen,
                value: key,
                label: &alternative.choice.label,
                hint: alternative.description.as_deref(),
                fields: self.build_fields(&alternative.items),
            });
        }
        Control::Radios {
            name: &item.name,
            choices,
        }
    }

    /// Returns the text of a field with one value: the submitted value, else the default.
    fn current_value(&self, item: &FormItem) -> String {
        if let Some(submitted) = self.submitted {
            return submitted.first(&item.name).unwrap_or_default().to_owned();
        }
        match &item.default {
            Some(Value::Array(values)) => {
                let lines: Vec<String> = values.iter().map(value_text).collect();
                lines.join("\n")
            }
            Some(value) => value_text(value),
            None => String::new(),
        }
    }
}

impl Note<'_> {
    fn is_error(&self) -> bool {
        self.kind == "error"
    }
}

impl Field<'_> {
    fn is_invalid(&self) -> bool {
        self.notes.iter().any(Note::is_error)
    }
}

/// Returns the choices of a field. `is_chosen` gets a choice and its text in a submitted form.
fn build_choices<'a>(
    id: &str,
    choices: &'a [FormChoice],
    is_chosen: impl Fn(&FormChoice, &String) -> bool,
) -> Vec<Choice<'a>> {
    let choices = choices.iter().enumerate().map(|(index, choice)| {
        let key = choice.key();
        Choice {
            id: format!("{id}-{index}"),
            is_chosen: is_chosen(choice, &key),
            value: key,
            label: &choice.label,
            hint: None,
            fields: Vec::new(),
        }
    });
    choices.collect()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// True for a field whose value is masked and never sent back.
const fn is_masked(item: &FormItem) -> bool {
    matches!(
        item.kind,
        FormItemKind::Password { .. } | FormItemKind::Lines { secret: true, .. }
    )
}
