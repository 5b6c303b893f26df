//! Actions: calls from a bot to one of its integrations. Checks the input and the output; `protocol` makes the
//! call.

use serde_json::{Map, Value, json};

use super::{
    author::{Author, AuthorSchemas, not_installed, require_write},
    definitions::IntegrationDefinition,
    protocol::{self, IntegrationCall},
    schema_set::InstalledIntegration,
};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Kind, Result, schema},
};

/// Operation name in the runtime protocol.
const OPERATION: &str = "action_triggered";

/// Calls an action of an integration in the call's bot, and returns its output.
///
/// # Errors
/// `ReferenceNotFound` if the integration is not installed or has no such action; `RelationConflict` if an
/// integration calls an action of another one; `InvalidData` if the input does not match the action's schema;
/// `Runtime` if the integration fails or its output does not match the schema; `Forbidden` for a role below
/// developer; errors of the store.
pub async fn call(
    call: &RequestContext,
    kind: &str,
    input: Map<String, Value>,
) -> Result<Map<String, Value>> {
    require_write(call)?;
    let voice = Author::from_call(call)?;
    let input = Value::Object(input);
    let limits = call.schema_limits();
    let (found, name) = call.app().store().read(|conn| {
        let speaker = voice.load_schemas(conn)?;
        resolve_action(&speaker, kind, &input, limits)
    })?;
    let place = (voice.bot().seq, found.installation.seq);
    let body = json!({"type": name, "input": input});
    let question = IntegrationCall {
        installation: place,
        operation: OPERATION,
        kind: &name,
        body: &body,
    };
    protocol::call_and_parse(call.app(), question, |answer| {
        take_output(&found.definition, &name, answer, limits)
    })
    .await
}

/// Finds the installed integration that declares the action, and the action's name without the prefix.
fn resolve_action(
    speaker: &AuthorSchemas<'_>,
    kind: &str,
    input: &Value,
    limits: &schema::Limits,
) -> Result<(InstalledIntegration, String)> {
    let (integration, name) = match (kind.split_once(':'), speaker.integration_name()) {
        (Some((integration, _)), Some(own)) if own != integration => {
            let text = format!("{kind} is an action of another integration");
            return Err(Error::new(Kind::RelationConflict, text));
        }
        (Some(parts), _) => parts,
        (None, Some(own)) => (own, kind),
        (None, None) => {
            let text = format!("{kind} has no integration: it must be integration:action");
            return Err(Error::new(Kind::ReferenceNotFound, text));
        }
    };
    let found = speaker.find_integration(integration);
    let found = found.ok_or_else(|| not_installed(integration))?;
    let action = found.definition.actions.get(name).ok_or_else(|| {
        let text = format!("The integration {integration} has no action {name}");
        Error::new(Kind::ReferenceNotFound, text)
    })?;
    action.input.check(input, "input", limits)?;
    Ok((found.clone(), name.to_owned()))
}

/// Takes the output out of a response and checks it. Newer SDKs also send `meta`, which is ignored.
fn take_output(
    definition: &IntegrationDefinition,
    name: &str,
    mut answer: Value,
    limits: &schema::Limits,
) -> std::result::Result<Map<String, Value>, String> {
    let broken = |why: &str| format!("The output of {name} {why}");
    let output = answer.get_mut("output").map(Value::take);
    let output = output.ok_or_else(|| broken("is missing in the response"))?;
    if let Some(action) = definition.actions.get(name) {
        let checked = action.output.check(&output, "output", limits);
        checked.map_err(|error| {
            let rules: Vec<String> = error
                .broken_rules()
                .iter()
                .map(ToString::to_string)
                .collect();
            broken(&format!("does not match its schema: {}", rules.join("; ")))
        })?;
    }
    match output {
        Value::Object(output) => Ok(output),
        _ => Err(broken("is not an object")),
    }
}
