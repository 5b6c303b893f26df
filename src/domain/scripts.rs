//! Scripts that an integration declares, in VRL (botpress.md §5 "Inbound webhooks"). They see what
//! they are given and nothing else: no network, no files, no environment.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;
use vrl::{
    compiler::{Context, Function, Program, TargetValue, TimeZone, compile, state::RuntimeState},
    value::Secrets,
};

use crate::kernel::{Result, Rule, Violation};

/// Everything that a script may call.
static FUNCTIONS: LazyLock<Vec<Box<dyn Function>>> = LazyLock::new(vrl::stdlib::all);

/// Checks the script that is the member `name` of a body: `identifier.extractScript`.
///
/// # Errors
/// `Invalid` with what the compiler says.
pub fn check(source: &str, name: &str) -> Result<()> {
    match compiled(source) {
        Ok(_) => Ok(()),
        Err(reason) => {
            let rule = Rule::Other(format!("must be a VRL script: {reason}"));
            Err(Violation::body(name.split('.'), rule).into())
        }
    }
}

/// Runs a script on a value, which it knows as `.`, and gives what it evaluates to.
///
/// # Errors
/// What the compiler or the script says.
pub fn run(source: &str, given: Value) -> Result<Value, String> {
    let program = compiled(source)?;
    let mut target = TargetValue {
        value: given.into(),
        metadata: vrl::value::Value::Object(BTreeMap::new()),
        secrets: Secrets::default(),
    };
    let (mut state, zone) = (RuntimeState::default(), TimeZone::default());
    let mut context = Context::new(&mut target, &mut state, &zone);
    let done = program
        .resolve(&mut context)
        .map_err(|error| error.to_string())?;
    serde_json::to_value(done).map_err(|error| error.to_string())
}

fn compiled(source: &str) -> Result<Program, String> {
    match compile(source, &FUNCTIONS) {
        Ok(compiled) => Ok(compiled.program),
        Err(diagnostics) => {
            let texts: Vec<String> = diagnostics
                .iter()
                .map(|diagnostic| diagnostic.message.clone())
                .collect();
            Err(texts.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scripts_as_integrations_have_them() {
        let given = json!({"webhookId": "abc", "webhookUrl": "http://localhost/webhook"});
        let link = "id = to_string!(.webhookId)\nurl = to_string!(.webhookUrl)\n\
                    \"https://example.com/authorize?redirect_uri={{ url }}/oauth&state={{ id }}\"";
        let expected = "https://example.com/authorize?redirect_uri=http://localhost/webhook/oauth\
                        &state=abc";
        assert_eq!(run(link, given), Ok(json!(expected)));
        let request = json!({"body": r#"{"team_id": "T1"}"#, "secrets": {"KEY": "k"}});
        let extract = "body = parse_json!(.body)\nbody.team_id";
        assert_eq!(run(extract, request.clone()), Ok(json!("T1")));
        let signed = "encode_base16(hmac(to_string!(.body), to_string!(.secrets.KEY)))";
        assert!(run(signed, request).is_ok_and(|value| value.is_string()));
        assert!(run("parse_json!(.nothing)", json!({})).is_err());
    }

    #[test]
    fn what_is_no_script_is_refused_with_its_place() {
        let error = check("to_string(", "identifier.extractScript").expect_err("no script");
        let broken = error.broken_rules().first().expect("a rule");
        assert_eq!(broken.field(), "identifier.extractScript");
        assert!(
            check("get_env_var!(\"HOME\")", "script").is_err(),
            "no environment"
        );
        assert!(
            check("http_request!(\"http://a\")", "script").is_err(),
            "no network"
        );
    }
}
