//! Renders a form as HTML: each field with its label, hint and errors, and with the submitted value or the
//! default.

use serde_json::Value;

use super::form_errors::FormErrors;
use crate::{
    domain::platform_integrations::{
        Form, FormAlternative, FormChoice, FormItem, FormItemKind, SubmittedForm, TextInput,
    },
    http::page::escape_html,
};

/// State of rendering one form.
pub struct FormRenderer<'a> {
    form_values: Option<&'a SubmittedForm>,
    errors: &'a FormErrors,
    /// Number of fields so far, from which the ID of the next field is made.
    field_count: usize,
    /// Errors so far, in the order of the fields: the ID of the field and the message.
    summary_entries: Vec<(String, String)>,
}

impl<'a> FormRenderer<'a> {
    /// Renders the fields of a form and the summary of its errors, both as HTML. `typed` contains the
    /// submitted values, if the form was submitted.
    pub fn render(
        form: &Form,
        typed: Option<&'a SubmittedForm>,
        problems: &'a FormErrors,
    ) -> (String, String) {
        let mut drawing = Self {
            form_values: typed,
            errors: problems,
            field_count: 0,
            summary_entries: Vec::new(),
        };
        let fields = drawing.render_items(&form.items);
        (fields, drawing.render_summary())
    }

    fn render_summary(&self) -> String {
        let fields = self.summary_entries.iter().map(|(id, message)| {
            format!("<li><a href=\"#{id}\">{}</a></li>", escape_html(message))
        });
        let others = self.errors.form_level().iter();
        let others = others.map(|message| format!("<li>{}</li>", escape_html(message)));
        let list: String = fields.chain(others).collect();
        if list.is_empty() {
            return String::new();
        }
        format!(
            "<div class=\"summary\" role=\"alert\" tabindex=\"-1\" autofocus aria-labelledby=\"problems\">
<h2 id=\"problems\">There is a problem</h2>\n<ul>{list}</ul>\n</div>\n"
        )
    }

    fn render_items(&mut self, items: &[FormItem]) -> String {
        items.iter().map(|item| self.render_item(item)).collect()
    }

    fn render_item(&mut self, item: &FormItem) -> String {
        self.field_count += 1;
        let id = format!("field-{}", self.field_count);
        let name = &item.name;
        let mut notes = FieldNotes::default();
        if let Some(hint) = &item.description {
            notes.add(&id, "hint", hint);
        }
        if matches!(item.kind, FormItemKind::Lines { .. }) {
            notes.add(&id, "lines", "One on each line.");
        }
        let typed = self.form_values.and_then(|typed| typed.first(name));
        if is_masked(item) && typed.is_some_and(|text| !text.is_empty()) {
            notes.add(&id, "again", "Type it again: it was not kept.");
        }
        self.add_errors(name, &id, &mut notes);
        match &item.kind {
            // A group with a single choice becomes one fieldset.
            FormItemKind::Group(inner)
                if let [
                    FormItem {
                        kind: FormItemKind::Alternatives(alternatives),
                        name,
                        ..
                    },
                ] = inner.as_slice() =>
            {
                self.add_errors(name, &id, &mut notes);
                let inner = self.render_alternatives(&inner[0], &id, alternatives);
                render_fieldset(item, &id, "field", &notes, &inner)
            }
            FormItemKind::Group(inner) => {
                let inner = self.render_items(inner);
                render_fieldset(item, &id, "group", &notes, &inner)
            }
            FormItemKind::Alternatives(alternatives) => {
                let inner = self.render_alternatives(item, &id, alternatives);
                render_fieldset(item, &id, "field", &notes, &inner)
            }
            // A fixed value has no input.
            FormItemKind::Fixed(_) => String::new(),
            FormItemKind::Choices(choices) => {
                let boxes = self.render_checkboxes(item, &id, choices);
                render_fieldset(item, &id, "field", &notes, &boxes)
            }
            FormItemKind::Boolean => {
                let on = match self.form_values {
                    Some(typed) => !typed.all(name).is_empty(),
                    None => item.default == Some(Value::Bool(true)),
                };
                let control = render_checkbox(&id, name, "on", on, &notes.aria_attributes());
                let label = render_label(item, &id, false);
                format!(
                    "<div class=\"field check\">{control} {label}{}</div>\n",
                    notes.html
                )
            }
            _ => {
                let control = self.render_control(item, &id, &notes);
                let label = render_label(item, &id, true);
                format!(
                    "<div class=\"field\">{label}{}{control}</div>\n",
                    notes.html
                )
            }
        }
    }

    fn add_errors(&mut self, name: &str, id: &str, notes: &mut FieldNotes) {
        for message in self.errors.for_field(name) {
            notes.add(id, "error", message);
            self.summary_entries.push((id.to_owned(), message.clone()));
        }
    }

    fn render_control(&self, item: &FormItem, id: &str, notes: &FieldNotes) -> String {
        let name = escape_html(&item.name);
        let required = if item.required { " required" } else { "" };
        let attributes = format!(
            "id=\"{id}\" name=\"{name}\"{required}{}",
            notes.aria_attributes()
        );
        let value = escape_html(&self.current_value(item));
        match &item.kind {
            FormItemKind::Lines { secret: true, .. }
            | FormItemKind::Password { multiline: true } => {
                format!(
                    "<textarea class=\"masked\" {attributes} rows=\"4\" spellcheck=\"false\" autocomplete=\"off\"></textarea>"
                )
            }
            FormItemKind::Lines { .. } => {
                // Browsers drop the first line break in a text area.
                format!("<textarea {attributes} rows=\"4\">\n{value}</textarea>")
            }
            FormItemKind::Choice(choices) => {
                let chosen = self.current_value(item);
                let options: String = choices
                    .iter()
                    .map(|choice| {
                        let key = choice.key();
                        let selected = if key == chosen { " selected" } else { "" };
                        let (key, label) = (escape_html(&key), escape_html(&choice.label));
                        format!("<option value=\"{key}\"{selected}>{label}</option>")
                    })
                    .collect();
                format!(
                    "<select {attributes}><option value=\"\">Choose …</option>{options}</select>"
                )
            }
            // The submitted value is not sent back, so the user must enter it again.
            FormItemKind::Password { .. } => {
                format!("<input type=\"password\" {attributes} autocomplete=\"off\">")
            }
            kind => {
                let input = match kind {
                    FormItemKind::Number { integer: true } => "type=\"text\" inputmode=\"numeric\"",
                    FormItemKind::Number { .. } => "type=\"text\" inputmode=\"decimal\"",
                    FormItemKind::Text(TextInput::Url) => "type=\"url\"",
                    FormItemKind::Text(TextInput::Email) => "type=\"email\"",
                    _ => "type=\"text\"",
                };
                format!("<input {input} {attributes} value=\"{value}\" autocomplete=\"off\">")
            }
        }
    }

    /// Returns the text of a field with one value: the submitted value, else the default.
    fn current_value(&self, item: &FormItem) -> String {
        if let Some(typed) = self.form_values {
            return typed.first(&item.name).unwrap_or_default().to_owned();
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

    /// Renders each alternative with its fields. The page's CSS hides the fields of the alternatives that are
    /// not selected. The browser submits all fields, so that changing the selection loses nothing.
    fn render_alternatives(
        &mut self,
        item: &FormItem,
        id: &str,
        alternatives: &[FormAlternative],
    ) -> String {
        let chosen = self.current_value(item);
        let mut html = String::new();
        if !item.required {
            let box_id = format!("{id}-none");
            html.push_str(&format!(
                "<div class=\"check\">{} <label for=\"{box_id}\">None</label></div>",
                render_radio(&box_id, &item.name, "", chosen.is_empty(), "")
            ));
        }
        for (index, alternative) in alternatives.iter().enumerate() {
            let key = alternative.choice.key();
            let (box_id, hint_id) = (format!("{id}-{index}"), format!("{id}-{index}-hint"));
            let (hint, attributes) = match &alternative.description {
                Some(text) => (
                    format!(
                        "<p class=\"hint\" id=\"{hint_id}\">{}</p>",
                        escape_html(text)
                    ),
                    format!(" aria-describedby=\"{hint_id}\""),
                ),
                None => Default::default(),
            };
            let fields = self.render_items(&alternative.items);
            let fields = match fields.is_empty() {
                true => fields,
                false => format!("<div class=\"fields\">{fields}</div>"),
            };
            html.push_str(&format!(
                "<div class=\"alternative\">{} <label for=\"{box_id}\">{}</label>{hint}{fields}</div>",
                render_radio(&box_id, &item.name, &key, key == chosen, &attributes),
                escape_html(&alternative.choice.label)
            ));
        }
        html
    }

    fn render_checkboxes(&self, item: &FormItem, id: &str, choices: &[FormChoice]) -> String {
        let name = &item.name;
        let defaults = item.default.as_ref().and_then(Value::as_array);
        let mut html = String::new();
        for (index, choice) in choices.iter().enumerate() {
            let on = match self.form_values {
                Some(typed) => typed.all(name).contains(&choice.key()),
                None => defaults.is_some_and(|values| values.contains(&choice.value)),
            };
            // The link in the error summary leads to the first box.
            let box_id = format!("{id}-{index}");
            html.push_str(&format!(
                "<div class=\"check\">{} <label for=\"{box_id}\">{}</label></div>",
                render_checkbox(&box_id, name, &choice.key(), on, ""),
                escape_html(&choice.label)
            ));
        }
        html
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Hints and errors of a field, with the element IDs for `aria-describedby`.
#[derive(Default)]
struct FieldNotes {
    html: String,
    ids: Vec<String>,
    invalid: bool,
}

impl FieldNotes {
    fn add(&mut self, id: &str, kind: &str, text: &str) {
        let class = if kind == "error" { "error" } else { "hint" };
        let id = format!("{id}-{kind}-{}", self.ids.len());
        self.html.push_str(&format!(
            "<p class=\"{class}\" id=\"{id}\">{}</p>",
            escape_html(text)
        ));
        self.ids.push(id);
        self.invalid |= kind == "error";
    }

    fn aria_attributes(&self) -> String {
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

/// True for a field whose value is masked and never sent back.
const fn is_masked(item: &FormItem) -> bool {
    matches!(
        item.kind,
        FormItemKind::Password { .. } | FormItemKind::Lines { secret: true, .. }
    )
}

fn render_label(item: &FormItem, id: &str, marked: bool) -> String {
    let mark = if marked { required_mark(item) } else { "" };
    format!(
        "<label for=\"{id}\">{}{mark}</label>",
        escape_html(&item.title)
    )
}

const fn required_mark(item: &FormItem) -> &'static str {
    if item.required {
        " <span class=\"mark\">required</span>"
    } else {
        " <span class=\"mark\">optional</span>"
    }
}

fn render_fieldset(
    item: &FormItem,
    id: &str,
    class: &str,
    notes: &FieldNotes,
    inner: &str,
) -> String {
    // The fields of a group are marked individually.
    let mark = if class == "group" && item.required {
        ""
    } else {
        required_mark(item)
    };
    format!(
        "<fieldset class=\"{class}\" id=\"{id}\" tabindex=\"-1\"{}><legend>{}{mark}</legend>{}{inner}</fieldset>\n",
        notes.aria_attributes(),
        escape_html(&item.title),
        notes.html
    )
}

fn render_checkbox(id: &str, name: &str, value: &str, on: bool, attributes: &str) -> String {
    render_choice_input("checkbox", (id, name, value), on, attributes)
}

fn render_radio(id: &str, name: &str, value: &str, on: bool, attributes: &str) -> String {
    render_choice_input("radio", (id, name, value), on, attributes)
}

fn render_choice_input(
    kind: &str,
    (id, name, value): (&str, &str, &str),
    on: bool,
    attributes: &str,
) -> String {
    let checked = if on { " checked" } else { "" };
    format!(
        "<input type=\"{kind}\" id=\"{id}\" name=\"{}\" value=\"{}\"{checked}{attributes}>",
        escape_html(name),
        escape_html(value)
    )
}
