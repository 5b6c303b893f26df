//! Validation errors of a submitted form, by field.

use std::collections::HashMap;

use crate::{
    domain::platform_integrations::{Form, FormItem, FormItemKind, SubmittedForm},
    kernel::{Rule, Violation, violation::PathSegment},
};

/// Validation errors of a submitted form.
#[derive(Default)]
pub struct FormErrors {
    /// Messages by field name.
    fields: HashMap<String, Vec<String>>,
    /// Messages that belong to the form as a whole.
    form_level: Vec<String>,
}

impl FormErrors {
    /// Assigns the broken rules of a form to its fields.
    pub fn from_violations(form: &Form, typed: &SubmittedForm, broken: &[Violation]) -> Self {
        let mut problems = Self::default();
        for violation in broken {
            match form.find_violated_item(violation, typed) {
                Some(item) => problems
                    .fields
                    .entry(item.name.clone())
                    .or_default()
                    .push(describe_violation(item, violation)),
                None => problems.form_level.push(violation.to_string()),
            }
        }
        problems
    }

    /// Returns the messages of a field.
    pub fn for_field(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the messages of the form as a whole.
    pub fn form_level(&self) -> &[String] {
        &self.form_level
    }

    /// Creates an error of the form as a whole.
    pub fn from_message(message: &str) -> Self {
        Self {
            form_level: vec![message.to_owned()],
            ..Self::default()
        }
    }
}

/// Describes a broken rule in words that fit beside the field.
fn describe_violation(item: &FormItem, violation: &Violation) -> String {
    let line = violation.path.last().and_then(|step| match step {
        PathSegment::Index(index) if matches!(item.kind, FormItemKind::Lines { .. }) => {
            Some(index + 1)
        }
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

const fn is_text(item: &FormItem) -> bool {
    matches!(
        item.kind,
        FormItemKind::Text(_) | FormItemKind::Password { .. }
    )
}
