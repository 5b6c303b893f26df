//! Drawing a form: each field with its label, hint, error, and what was typed or is the default.

use serde_json::Value;

use super::problems::Problems;
use crate::{
    domain::platform_integrations::{Alternative, Choice, Form, Item, ItemKind, TextInput, Typed},
    http::page::escape,
};

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
        let others = self.problems.others().iter();
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
        let name = &item.name;
        let mut notes = Notes::default();
        if let Some(hint) = &item.description {
            notes.add(&id, "hint", hint);
        }
        if matches!(item.kind, ItemKind::Lines { .. }) {
            notes.add(&id, "lines", "One on each line.");
        }
        let typed = self.typed.and_then(|typed| typed.first(name));
        if is_masked(item) && typed.is_some_and(|text| !text.is_empty()) {
            notes.add(&id, "again", "Type it again: it was not kept.");
        }
        self.add_errors(name, &id, &mut notes);
        match &item.kind {
            // A group that is nothing but a choice is drawn as one set.
            ItemKind::Group(inner)
                if let [
                    Item {
                        kind: ItemKind::Alternatives(alternatives),
                        name,
                        ..
                    },
                ] = inner.as_slice() =>
            {
                self.add_errors(name, &id, &mut notes);
                let inner = self.alternatives(&inner[0], &id, alternatives);
                set(item, &id, "field", &notes, &inner)
            }
            ItemKind::Group(inner) => {
                let inner = self.items(inner);
                set(item, &id, "group", &notes, &inner)
            }
            ItemKind::Alternatives(alternatives) => {
                let inner = self.alternatives(item, &id, alternatives);
                set(item, &id, "field", &notes, &inner)
            }
            // Nobody fills it in.
            ItemKind::Fixed(_) => String::new(),
            ItemKind::Choices(choices) => {
                let boxes = self.boxes(item, &id, choices);
                set(item, &id, "field", &notes, &boxes)
            }
            ItemKind::Boolean => {
                let on = match self.typed {
                    Some(typed) => !typed.all(name).is_empty(),
                    None => item.default == Some(Value::Bool(true)),
                };
                let control = check_box(&id, name, "on", on, &notes.attributes());
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

    fn add_errors(&mut self, name: &str, id: &str, notes: &mut Notes) {
        for message in self.problems.at(name) {
            notes.add(id, "error", message);
            self.listed.push((id.to_owned(), message.clone()));
        }
    }

    fn control(&self, item: &Item, id: &str, notes: &Notes) -> String {
        let name = escape(&item.name);
        let required = if item.required { " required" } else { "" };
        let attributes = format!(
            "id=\"{id}\" name=\"{name}\"{required}{}",
            notes.attributes()
        );
        let value = escape(&self.value(item));
        match &item.kind {
            ItemKind::Lines { secret: true, .. } | ItemKind::Password { multiline: true } => {
                format!(
                    "<textarea class=\"masked\" {attributes} rows=\"4\" spellcheck=\"false\" autocomplete=\"off\"></textarea>"
                )
            }
            ItemKind::Lines { .. } => {
                // The first line break in a text area is not part of its text.
                format!("<textarea {attributes} rows=\"4\">\n{value}</textarea>")
            }
            ItemKind::Choice(choices) => {
                let chosen = self.value(item);
                let options: String = choices
                    .iter()
                    .map(|choice| {
                        let key = choice.key();
                        let selected = if key == chosen { " selected" } else { "" };
                        let (key, label) = (escape(&key), escape(&choice.label));
                        format!("<option value=\"{key}\"{selected}>{label}</option>")
                    })
                    .collect();
                format!(
                    "<select {attributes}><option value=\"\">Choose …</option>{options}</select>"
                )
            }
            // What was typed is not sent back, so it must be typed again.
            ItemKind::Password { .. } => {
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
            return typed.first(&item.name).unwrap_or_default().to_owned();
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

    /// Each alternative with its fields. The page's style hides the fields of those that are not
    /// chosen; all are sent, so that a change of mind loses nothing.
    fn alternatives(&mut self, item: &Item, id: &str, alternatives: &[Alternative]) -> String {
        let chosen = self.value(item);
        let mut html = String::new();
        if !item.required {
            let box_id = format!("{id}-none");
            html.push_str(&format!(
                "<div class=\"check\">{} <label for=\"{box_id}\">None</label></div>",
                radio(&box_id, &item.name, "", chosen.is_empty(), "")
            ));
        }
        for (index, alternative) in alternatives.iter().enumerate() {
            let key = alternative.choice.key();
            let (box_id, hint_id) = (format!("{id}-{index}"), format!("{id}-{index}-hint"));
            let (hint, attributes) = match &alternative.description {
                Some(text) => (
                    format!("<p class=\"hint\" id=\"{hint_id}\">{}</p>", escape(text)),
                    format!(" aria-describedby=\"{hint_id}\""),
                ),
                None => Default::default(),
            };
            let fields = self.items(&alternative.items);
            let fields = match fields.is_empty() {
                true => fields,
                false => format!("<div class=\"fields\">{fields}</div>"),
            };
            html.push_str(&format!(
                "<div class=\"alternative\">{} <label for=\"{box_id}\">{}</label>{hint}{fields}</div>",
                radio(&box_id, &item.name, &key, key == chosen, &attributes),
                escape(&alternative.choice.label)
            ));
        }
        html
    }

    fn boxes(&self, item: &Item, id: &str, choices: &[Choice]) -> String {
        let name = &item.name;
        let defaults = item.default.as_ref().and_then(Value::as_array);
        let mut html = String::new();
        for (index, choice) in choices.iter().enumerate() {
            let on = match self.typed {
                Some(typed) => typed.all(name).contains(&choice.key()),
                None => defaults.is_some_and(|values| values.contains(&choice.value)),
            };
            // The summary's link leads to the first box.
            let box_id = format!("{id}-{index}");
            html.push_str(&format!(
                "<div class=\"check\">{} <label for=\"{box_id}\">{}</label></div>",
                check_box(&box_id, name, &choice.key(), on, ""),
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

/// True for a field whose value is neither shown nor sent back.
const fn is_masked(item: &Item) -> bool {
    matches!(
        item.kind,
        ItemKind::Password { .. } | ItemKind::Lines { secret: true, .. }
    )
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
    button("checkbox", (id, name, value), on, attributes)
}

fn radio(id: &str, name: &str, value: &str, on: bool, attributes: &str) -> String {
    button("radio", (id, name, value), on, attributes)
}

fn button(kind: &str, (id, name, value): (&str, &str, &str), on: bool, attributes: &str) -> String {
    let checked = if on { " checked" } else { "" };
    format!(
        "<input type=\"{kind}\" id=\"{id}\" name=\"{}\" value=\"{}\"{checked}{attributes}>",
        escape(name),
        escape(value)
    )
}
