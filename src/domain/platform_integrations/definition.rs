//! Definition of an integration, and the rules that it must satisfy.

use serde_json::{Map, Value};

use super::{Scope, form::Form, identifier};
use crate::{
    domain::{shared::sql::text_enum, tenancy::claims::Claim},
    kernel::{
        Error, Patch, Result, Rule, Violation,
        schema::Limits,
        violation::{Location, PathSegment},
    },
    net::outbound::parse_web_url,
};

/// Maximum length of an integration's name and author, in characters (ada.md §2.2).
const NAME_MAX: u64 = 160;
/// Maximum size of the form's schema, in bytes of JSON text.
const SCHEMA_MAX_BYTES: usize = 64 * 1024;

text_enum! {
    /// The subject of an integration.
    pub enum Tag {
        /// Brings knowledge to an agent.
        Knowledge = "knowledge",
    }
}

/// The definition of an integration.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Name: 1 to 160 characters.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// Author: 1 to 160 characters.
    pub author: String,
    /// Contact for users who need help.
    pub contact: String,
    /// URL that is called after an installation is removed.
    pub uninstallation_url: String,
    /// URL that the browser goes to after the form is submitted.
    pub oauth_callback_url: String,
    /// Subjects.
    pub tags: Vec<Tag>,
    /// Scopes that the integration requests.
    pub scopes: Vec<Scope>,
    /// JMESPath of the form field that names a connection.
    pub identifier_field_path: String,
    /// Schema of the form: a JSON Schema of type `object`.
    pub configuration_fields: Map<String, Value>,
    /// URL of the icon.
    pub icon_url: Option<String>,
    /// Label of the install button.
    pub call_to_action: Option<String>,
    /// Texts of the errors that the integration redirects a browser back with, by code.
    pub error_codes: Option<Map<String, Value>>,
}

/// The changes of a definition. Absent fields stay unchanged.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the definition")]
pub struct DefinitionChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub author: Option<String>,
    pub contact: Option<String>,
    pub uninstallation_url: Option<String>,
    pub oauth_callback_url: Option<String>,
    pub tags: Option<Vec<Tag>>,
    pub scopes: Option<Vec<Scope>>,
    pub identifier_field_path: Option<String>,
    pub configuration_fields: Option<Map<String, Value>>,
    pub icon_url: Patch<String>,
    pub call_to_action: Patch<String>,
    pub error_codes: Patch<Map<String, Value>>,
}

impl Claim for Definition {
    fn prove(&self, limits: &Limits) -> Result<()> {
        self.check(limits)
    }
}

impl Definition {
    /// Applies the changes. The caller must check the result.
    pub(super) fn apply(&mut self, changes: DefinitionChanges) {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut self.name, changes.name);
        set(&mut self.description, changes.description);
        set(&mut self.author, changes.author);
        set(&mut self.contact, changes.contact);
        set(&mut self.uninstallation_url, changes.uninstallation_url);
        set(&mut self.oauth_callback_url, changes.oauth_callback_url);
        set(&mut self.tags, changes.tags);
        set(&mut self.scopes, changes.scopes);
        set(
            &mut self.identifier_field_path,
            changes.identifier_field_path,
        );
        set(&mut self.configuration_fields, changes.configuration_fields);
        changes.icon_url.apply(&mut self.icon_url);
        changes.call_to_action.apply(&mut self.call_to_action);
        changes.error_codes.apply(&mut self.error_codes);
    }

    /// Checks all rules and reports every broken one.
    ///
    /// # Errors
    /// `Invalid` with the broken rules.
    pub(super) fn check(&self, limits: &Limits) -> Result<()> {
        let mut broken = Vec::new();
        check_length("name", &self.name, NAME_MAX, &mut broken);
        check_length("author", &self.author, NAME_MAX, &mut broken);
        check_length("description", &self.description, u64::MAX, &mut broken);
        check_length("contact", &self.contact, u64::MAX, &mut broken);
        check_url("uninstallation_url", &self.uninstallation_url, &mut broken);
        check_url("oauth_callback_url", &self.oauth_callback_url, &mut broken);
        if let Some(icon) = &self.icon_url {
            check_url("icon_url", icon, &mut broken);
        }
        if let Some(text) = &self.call_to_action {
            check_length("call_to_action", text, u64::MAX, &mut broken);
        }
        for (code, text) in self.error_codes.iter().flatten() {
            if !text.is_string() {
                let expected = vec!["string".to_owned()];
                broken.push(Violation::body(
                    ["error_codes", code],
                    Rule::Type { expected },
                ));
            }
        }
        self.check_form(&mut broken, limits);
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Error::from_violations(broken))
        }
    }

    fn check_form(&self, broken: &mut Vec<Violation>, limits: &Limits) {
        let text = serde_json::to_string(&self.configuration_fields);
        if text.is_ok_and(|text| text.len() > SCHEMA_MAX_BYTES) {
            let rule = Rule::Other(format!("must have at most {SCHEMA_MAX_BYTES} bytes"));
            broken.push(Violation::body(["configuration_fields"], rule));
            return;
        }
        match Form::parse(&self.configuration_fields, limits) {
            Ok(form) => {
                if let Err(rule) = identifier::check_path(&self.identifier_field_path, &form) {
                    broken.push(Violation::body(["identifier_field_path"], rule));
                }
            }
            Err(problem) => {
                let path = std::iter::once("configuration_fields".to_owned()).chain(problem.path);
                broken.push(Violation {
                    location: Location::Body,
                    path: path.map(PathSegment::Key).collect(),
                    rule: problem.rule,
                });
            }
        }
    }

    /// Parses the form.
    ///
    /// # Errors
    /// `Invalid` if the form cannot be rendered: an earlier version may have accepted a schema with unsupported
    /// keywords.
    pub fn parse_form(&self) -> Result<Form> {
        Form::parse(&self.configuration_fields, &Limits::STORED).map_err(|problem| {
            let place = [
                &["configuration_fields".to_owned()],
                problem.path.as_slice(),
            ]
            .concat();
            let place = place.join(".");
            Error::invalid(format!(
                "The form of this integration cannot be filled in: {place} {}",
                problem.rule
            ))
        })
    }

    /// Returns the scopes of an installation: those that the integration requests, and the two of every
    /// installation (ada.md §2.3).
    #[must_use]
    pub fn granted_scopes(&self) -> Vec<Scope> {
        let always = [Scope::ReadInstallations, Scope::WriteInstallations];
        let mut granted: Vec<Scope> = Vec::new();
        for scope in self.scopes.iter().copied().chain(always) {
            if !granted.contains(&scope) {
                granted.push(scope);
            }
        }
        granted
    }
}

fn check_length(name: &str, text: &str, max: u64, broken: &mut Vec<Violation>) {
    let length = text.chars().count() as u64;
    if length == 0 {
        broken.push(Violation::body([name], Rule::MinLength(1)));
    } else if length > max {
        broken.push(Violation::body([name], Rule::MaxLength(max)));
    }
}

/// Checks a URL that a browser or the server opens. Plain http is allowed, because Ada's own sample uses it
/// (ada.md §2.2).
fn check_url(name: &str, text: &str, broken: &mut Vec<Violation>) {
    if parse_web_url(text).is_none() {
        let rule = Rule::Format("http or https URL".to_owned());
        broken.push(Violation::body([name], rule));
    }
}
