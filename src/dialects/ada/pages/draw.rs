//! Drawing a form: each field with its label, hint, error, and what was typed or is the default.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    domain::platform_integrations::{Choice, Form, Item, ItemKind, TextInput, Typed},
    http::page::escape,
    kernel::{Rule, Violation, violation::Step},
};

/// What is wrong with a form that was sent.
#[derive(Default)]
pub struct Problems {
    /// By the names of the fields.
    fields: HashMap<String, Vec<String>>,
    /// What has no field.
    others: Vec<String>,
}

impl Problems {
    /// The broken rules of a form, at its fields.
    pub fn of(form: &Form, broken: &[Violation]) -> Self {
        let mut problems = Self::default();
        for violation in broken {
            match form.place_of(violation) {
                Some(item) => problems
                    .fields
                    .entry(item.name())
                    .or_default()
                    .push(message(item, violation)),
                None => problems.others.push(violation.to_string()),
            }
        }
        problems
    }

    /// Something that is wrong with no field.
    pub fn other(message: &str) -> Self {
        Self {
            others: vec![message.to_owned()],
            ..Self::default()
        }
    }
}

/// What is wrong with a field, in words that make sense beside it.
fn message(item: &Item, violation: &Violation) -> String {
    let line = violation.path.last().and_then(|step| match step {
        Step::Index(index) if matches!(item.kind, ItemKind::Lines { .. }) => Some(index + 1),
        _ => None,
    });
    let rule = match &violation.rule {
        Rule::Type { expected } if expected.iter().any(|name| name == "integer") => {
            "must be a whole number".to_owned()
        }
        Rule::MinLength(min) if is_text(item) => format!("must have at least {min} characters"),
        Rule::MaxLength(max) if is_text(item) => format!("must have at most {max} characters"),
        Rule::Format(format) if format == "uri" => "must be a web address".to_owned(),
        Rule::Format(format) if format == "email" => "must be an e-mail address".to_owned(),
        rule => rule.to_string(),
    };
    match line {
        Some(line) => format!("{}, line {line}, {rule}", item.title),
        None => format!("{} {rule}", item.title),
    }
}

const fn is_text(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Text(_) | ItemKind::Password)
}

/// A form on its way to HTML.
pub struct Drawing<'a> {
    typed: Option<&'a Typed>,
    problems: &'a Problems,
    /// The fields so far: the next one's id.
    count: usize,
    /// The problems so far, in the order of the fields, with the id of the field.
    listed: Vec<(String, String)>,
}

impl<'a> Drawing<'a> {
    /// The fields of a form as HTML, and the summary of what is wrong with them. `typed` is what
    /// the form was sent with, if it was.
    pub fn draw(form: &Form, typed: Option<&'a Typed>, problems: &'a Problems) -> (String, String) {
        let mut drawing = Self {
            typed,
            problems,
            count: 0,
            listed: Vec::new(),
        };
        let fields = drawing.items(&form.items);
        (fields, drawing.summary())
    }

    fn summary(&self) -> String {
        let fields = self
            .listed
            .iter()
            .map(|(id, message)| format!("<li><a href=\"#{id}\">{}</a></li>", escape(message)));
        let others = self.problems.others.iter();
        let others = others.map(|message| format!("<li>{}</li>", escape(message)));
        let list: String = fields.chain(others).collect();
        if list.is_empty() {
            return String::new();
        }
        format!(
            "<div class=\"summary\" role=\"alert\" tabindex=\"-1\" autofocus aria-labelledby=\"problems\">
<h2 id=\"problems\">There is a problem</h2>\n<ul>{list}</ul>\n</div>\n"
        )
    }

    fn items(&mut self, items: &[Item]) -> String {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &Item) -> String {
        self.count += 1;
        let id = format!("field-{}", self.count);
        let name = item.name();
        let mut notes = Notes::default();
        if let Some(hint) = &item.description {
            notes.add(&id, "hint", hint);
        }
        if matches!(item.kind, ItemKind::Lines { .. }) {
            notes.add(&id, "lines", "One on each line.");
        }
        let typed = self.typed.and_then(|typed| typed.first(&name));
        if item.kind == ItemKind::Password && typed.is_some_and(|text| !text.is_empty()) {
            notes.add(&id, "again", "Type it again: it was not kept.");
        }
        for message in self.problems.fields.get(&name).into_iter().flatten() {
            notes.add(&id, "error", message);
            self.listed.push((id.clone(), message.clone()));
        }
        match &item.kind {
            ItemKind::Group(inner) => {
                let inner = self.items(inner);
                set(item, &id, "group", &notes, &inner)
            }
            ItemKind::Choices(choices) => {
                let boxes = self.boxes(item, &id, choices);
                set(item, &id, "field", &notes, &boxes)
            }
            ItemKind::Boolean => {
                let on = match self.typed {
                    Some(typed) => !typed.all(&name).is_empty(),
                    None => item.default == Some(Value::Bool(true)),
                };
                let control = check_box(&id, &name, "on", on, &notes.attributes());
                let label = label(item, &id, false);
                format!(
                    "<div class=\"field check\">{control} {label}{}</div>\n",
                    notes.html
                )
            }
            _ => {
                let control = self.control(item, &id, &notes);
                let label = label(item, &id, true);
                format!(
                    "<div class=\"field\">{label}{}{control}</div>\n",
                    notes.html
                )
            }
        }
    }

    fn control(&self, item: &Item, id: &str, notes: &Notes) -> String {
        let name = escape(&item.name());
        let required = if item.required { " required" } else { "" };
        let attributes = format!(
            "id=\"{id}\" name=\"{name}\"{required}{}",
            notes.attributes()
        );
        let value = escape(&self.value(item));
        match &item.kind {
            ItemKind::Lines { .. } => {
                // The first line break in a text area is not part of its text.
                format!("<textarea {attributes} rows=\"4\">\n{value}</textarea>")
            }
            ItemKind::Choice(choices) => {
                let chosen = self.value(item);
                let options: String = choices
                    .iter()
                    .map(|choice| {
                        let selected = if choice.label == chosen {
                            " selected"
                        } else {
                            ""
                        };
                        let label = escape(&choice.label);
                        format!("<option value=\"{label}\"{selected}>{label}</option>")
                    })
                    .collect();
                format!(
                    "<select {attributes}><option value=\"\">Choose …</option>{options}</select>"
                )
            }
            // What was typed is not sent back, so it must be typed again.
            ItemKind::Password => {
                format!("<input type=\"password\" {attributes} autocomplete=\"off\">")
            }
            kind => {
                let input = match kind {
                    ItemKind::Number { integer: true } => "type=\"text\" inputmode=\"numeric\"",
                    ItemKind::Number { .. } => "type=\"text\" inputmode=\"decimal\"",
                    ItemKind::Text(TextInput::Url) => "type=\"url\"",
                    ItemKind::Text(TextInput::Email) => "type=\"email\"",
                    _ => "type=\"text\"",
                };
                format!("<input {input} {attributes} value=\"{value}\" autocomplete=\"off\">")
            }
        }
    }

    /// What a field of one text holds: what was typed, else the default.
    fn value(&self, item: &Item) -> String {
        if let Some(typed) = self.typed {
            return typed.first(&item.name()).unwrap_or_default().to_owned();
        }
        match &item.default {
            Some(Value::Array(values)) => {
                let lines: Vec<String> = values.iter().map(shown).collect();
                lines.join("\n")
            }
            Some(value) => shown(value),
            None => String::new(),
        }
    }

    fn boxes(&self, item: &Item, id: &str, choices: &[Choice]) -> String {
        let name = item.name();
        let defaults = item.default.as_ref().and_then(Value::as_array);
        let mut html = String::new();
        for (index, choice) in choices.iter().enumerate() {
            let on = match self.typed {
                Some(typed) => typed.all(&name).contains(&choice.label),
                None => defaults.is_some_and(|values| values.contains(&choice.value)),
            };
            // The summary's link leads to the first box.
            let box_id = format!("{id}-{index}");
            html.push_str(&format!(
                "<div class=\"check\">{} <label for=\"{box_id}\">{}</label></div>",
                check_box(&box_id, &name, &choice.label, on, ""),
                escape(&choice.label)
            ));
        }
        html
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Hints and errors of a field, and which of them describe it.
#[derive(Default)]
struct Notes {
    html: String,
    ids: Vec<String>,
    invalid: bool,
}

impl Notes {
    fn add(&mut self, id: &str, kind: &str, text: &str) {
        let class = if kind == "error" { "error" } else { "hint" };
        let id = format!("{id}-{kind}-{}", self.ids.len());
        self.html.push_str(&format!(
            "<p class=\"{class}\" id=\"{id}\">{}</p>",
            escape(text)
        ));
        self.ids.push(id);
        self.invalid |= kind == "error";
    }

    fn attributes(&self) -> String {
        let mut attributes = String::new();
        if !self.ids.is_empty() {
            attributes.push_str(&format!(" aria-describedby=\"{}\"", self.ids.join(" ")));
        }
        if self.invalid {
            attributes.push_str(" aria-invalid=\"true\"");
        }
        attributes
    }
}

fn label(item: &Item, id: &str, marked: bool) -> String {
    let mark = if marked { mark(item) } else { "" };
    format!("<label for=\"{id}\">{}{mark}</label>", escape(&item.title))
}

const fn mark(item: &Item) -> &'static str {
    if item.required {
        " <span class=\"mark\">required</span>"
    } else {
        " <span class=\"mark\">optional</span>"
    }
}

fn set(item: &Item, id: &str, class: &str, notes: &Notes, inner: &str) -> String {
    // A group's fields say for themselves which of them are required.
    let mark = if class == "group" && item.required {
        ""
    } else {
        mark(item)
    };
    format!(
        "<fieldset class=\"{class}\" id=\"{id}\" tabindex=\"-1\"{}><legend>{}{mark}</legend>{}{inner}</fieldset>\n",
        notes.attributes(),
        escape(&item.title),
        notes.html
    )
}

fn check_box(id: &str, name: &str, value: &str, on: bool, attributes: &str) -> String {
    let checked = if on { " checked" } else { "" };
    format!(
        "<input type=\"checkbox\" id=\"{id}\" name=\"{}\" value=\"{}\"{checked}{attributes}>",
        escape(name),
        escape(value)
    )
}
