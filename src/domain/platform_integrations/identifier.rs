//! The `identifier_field_path`: a JMESPath to the required text field that names a connection.

use jmespath::{Expression, ast::Ast};
use serde_json::Value;

use super::form::{Form, FormItem, FormItemKind};
use crate::kernel::{Error, Result, Rule};

/// Maximum length of a path, in bytes.
const PATH_MAX: usize = 500;
/// Maximum number of characters that can begin a nested expression: the parser recurses for each of them.
const NESTING_CHARS_MAX: usize = 50;

/// Maximum number of field names in an error message.
const LISTED_NAMES_MAX: usize = 10;

/// Compiles a path whose length and depth are safe for the parser.
fn compile_path(path: &str) -> Result<Expression<'static>, Rule> {
    if path.len() > PATH_MAX {
        let rule = format!("must have at most {PATH_MAX} bytes");
        return Err(Rule::Other(rule));
    }
    let signs = path.bytes().filter(|byte| b".[{(*!&|?".contains(byte));
    if signs.count() > NESTING_CHARS_MAX {
        let rule =
            format!("must have at most {NESTING_CHARS_MAX} of the characters . [ {{ ( * ! & | ?");
        return Err(Rule::Other(rule));
    }
    jmespath::compile(path).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        Rule::Other(format!("must be a JMESPath: {reason}"))
    })
}

/// Checks that a path leads to a text field that is always filled in and may be displayed.
pub(super) fn check_path(path: &str, form: &Form) -> Result<(), Rule> {
    let broken = |text: &str| Err(Rule::Other(text.to_owned()));
    let expression = compile_path(path)?;
    let mut keys = Vec::new();
    if !collect_keys(expression.as_ast(), &mut keys) || keys.is_empty() {
        return broken("must be a path of names, such as account.name");
    }
    let item = find_field(&form.items, &keys).map_err(Rule::Other)?;
    match &item.kind {
        FormItemKind::Text(_) => Ok(()),
        FormItemKind::Choice(choices) if choices.iter().all(|choice| choice.value.is_string()) => {
            Ok(())
        }
        FormItemKind::Password { .. } => {
            broken("must not lead to a password: connections are shown by it")
        }
        _ => broken("must lead to a field of type string"),
    }
}

/// Collects the names that a path consists of. Returns false if it contains anything else.
fn collect_keys(ast: &Ast, keys: &mut Vec<String>) -> bool {
    match ast {
        Ast::Field { name, .. } => {
            keys.push(name.clone());
            true
        }
        Ast::Subexpr { lhs, rhs, .. } => collect_keys(lhs, keys) && collect_keys(rhs, keys),
        _ => false,
    }
}

/// Returns the field at the end of the path, or the reason for which there is none. Every field on the path must
/// be required.
fn find_field<'a>(items: &'a [FormItem], keys: &[String]) -> Result<&'a FormItem, String> {
    let lead = "must lead to a required field of configuration_fields";
    let mut here = items;
    let mut found = None;
    for (index, key) in keys.iter().enumerate() {
        let way = keys[..=index].join(".");
        let item = here.iter().find(|item| item.path.last() == Some(key));
        let item = item.ok_or_else(|| match here {
            [] => format!("{lead}, and {} has no fields", keys[..index].join(".")),
            _ => format!("{lead}, and it has no {way}, only {}", list_names(here)),
        })?;
        if !item.required {
            return Err(format!("{lead}, and {way} is not required"));
        }
        here = match &item.kind {
            FormItemKind::Group(inner) => inner,
            _ => &[],
        };
        found = Some(item);
    }
    found.ok_or_else(|| lead.to_owned())
}

/// Lists the names of sibling fields for an error message.
fn list_names(items: &[FormItem]) -> String {
    let names = items.iter().filter_map(|item| item.path.last());
    let names: Vec<&str> = names.map(String::as_str).take(LISTED_NAMES_MAX).collect();
    let more = if items.len() > names.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", names.join(", "))
}

/// Returns the name of a connection with these answers.
pub(super) fn evaluate_name(path: &str, answers: &Value) -> Result<String> {
    let failed = |error: jmespath::JmespathError| {
        Error::internal("a validated JMESPath failed", error.to_string())
    };
    // Fails for paths that an earlier version stored without these limits.
    let expression = compile_path(path)
        .map_err(|rule| Error::invalid(format!("identifier_field_path {rule}")))?;
    let found = expression.search(answers).map_err(failed)?;
    found
        .as_string()
        .filter(|name| !name.trim().is_empty())
        .cloned()
        .ok_or_else(|| Error::invalid(format!("{path} must be filled in")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::kernel::schema::Limits;

    fn verdict(path: &str) -> String {
        let schema = json!({"type": "object", "required": ["account", "plan", "secret", "size"],
        "properties": {
            "account": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "note": {"type": "string"}}},
            "other": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}}},
            "plan": {"type": "string", "enum": ["a", "b"]},
            "secret": {"type": "string", "format": "password"},
            "size": {"type": "number"}
        }});
        let form = Form::parse(schema.as_object().expect("an object"), &Limits::default())
            .expect("a form");
        check_path(path, &form).map_or_else(|rule| rule.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn it_must_lead_to_a_required_text() {
        for path in ["account.name", "plan", "\"account\".\"name\""] {
            assert_eq!(verdict(path), "ok", "{path}");
        }
        for path in [
            "account.note",
            "other.name",
            "account",
            "account.name.more",
            "missing",
            "size",
            "secret",
            "accounts[0].name",
            "length(account.name)",
            "",
            "account..name",
            "@",
        ] {
            assert_ne!(verdict(path), "ok", "{path}");
        }
    }

    #[test]
    fn a_path_that_is_long_or_deep_is_refused_before_it_is_read() {
        for (deep, part) in [
            ("[".repeat(2_000), "at most 500 bytes"),
            ("[".repeat(400), "at most 50 of the characters"),
            ("!".repeat(400), "at most 50 of the characters"),
            ("a.".repeat(200), "at most 50 of the characters"),
            ("*.".repeat(200), "at most 50 of the characters"),
            ("a|".repeat(200), "at most 50 of the characters"),
            ("a".repeat(501), "at most 500 bytes"),
        ] {
            assert!(verdict(&deep).contains(part), "{deep}");
            let error = evaluate_name(&deep, &json!({})).expect_err("refused");
            assert_eq!(error.kind(), crate::kernel::Kind::Invalid);
        }
    }

    proptest! {
        /// Parses any path on half of the stack size of the server's threads.
        #[test]
        fn any_path_is_read_or_refused(
            path in "[\\[\\]{}().*!&|?@,:'\"`ab01 -]{0,600}",
            deep in "[\\[{(!&*.|]{0,60}",
        ) {
            let read = move || {
                verdict(&path);
                verdict(&deep);
                verdict(&format!("{deep}a"));
            };
            let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(read);
            thread.expect("a thread").join().expect("no overflow");
        }
    }

    #[test]
    fn the_name_is_read_off_the_answers() {
        let answers = json!({"account": {"name": "Acme"}});
        assert_eq!(
            evaluate_name("account.name", &answers).expect("a name"),
            "Acme"
        );
        assert!(evaluate_name("account.other", &answers).is_err());
    }
}
