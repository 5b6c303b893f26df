//! Actions: calls from a bot to one of its integrations, and calls of the bot's own actions. Checks the input and the
//! output; `protocol` makes the call.

use serde_json::{Map, Value, json};

use super::{
    action_runs::{self, NewActionRun},
    author::{Author, AuthorSchemas, not_installed, require_write},
    definitions::ActionDefinition,
    protocol::{self, ProgramCall},
};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Kind, Result, schema},
};

/// Operation name in the runtime protocol.
const OPERATION: &str = "action_triggered";

/// Calls an action of an integration in the call's bot, or of the bot itself, and returns its output.
///
/// # Errors
/// `ReferenceNotFound` if the integration is not installed or there is no such action; `RelationConflict` if an
/// integration calls an action of another one; `InvalidData` if the input does not match the action's schema;
/// `Runtime` if the program fails or its output does not match the schema; `Unavailable` if this server could not run
/// the program; `Forbidden` for a role below developer;
/// errors of the store.
pub async fn call(
    call: &RequestContext,
    kind: &str,
    input: Map<String, Value>,
) -> Result<Map<String, Value>> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    let input = Value::Object(input);
    let limits = call.schema_limits();
    let found = call.app().store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        let found = resolve_action(&speaker, kind)?;
        // wire: the vendor's plugins send members beside those of a closed schema, such as `file-synchronizer` (its
        // `file` has also `status` and `shouldIndex`)
        let schema = &found.definition.input;
        schema.check_known_members(&input, "input", limits)?;
        Ok(found)
    })?;
    let body = json!({"type": found.name, "input": input});
    let question = ProgramCall {
        receiver: (author.bot().seq, found.installation_seq),
        operation: OPERATION,
        kind: &found.name,
        body: &body,
    };
    let started = call.app().clock().monotonic_now();
    let answered = protocol::call_and_parse(call.app(), question, |answer| {
        take_output(&found, answer, limits)
    })
    .await;
    let run = NewActionRun {
        agent: author.bot().clone(),
        integration: found.integration,
        action: found.name,
        input,
        result: match &answered {
            Ok(output) => Ok(output.clone()),
            Err(error) => Err(error.message().to_owned()),
        },
        duration: call.app().clock().monotonic_now().since(started),
    };
    action_runs::record(call.app(), run).await;
    answered
}

/// An action with its receiver.
struct ResolvedAction {
    /// Row of the installation; `None` for an action of the bot.
    installation_seq: Option<i64>,
    /// Name of the integration; empty for an action of the bot.
    integration: String,
    /// Name without the prefix of the integration.
    name: String,
    definition: ActionDefinition,
}

/// Finds the program that declares the action.
fn resolve_action(speaker: &AuthorSchemas<'_>, kind: &str) -> Result<ResolvedAction> {
    let (integration, name) = match (kind.split_once(':'), speaker.integration_name()) {
        (Some((integration, _)), Some(_)) if !speaker.is_integration(integration) => {
            let text = format!("{kind} is an action of another integration");
            return Err(Error::new(Kind::RelationConflict, text));
        }
        (Some(parts), _) => parts,
        (None, Some(own)) => (own, kind),
        // wire: a name without a colon is an action of the bot, also that of a plugin (botpress-today.md §2.3)
        (None, None) => return find_bot_action(speaker, kind),
    };
    // wire: plugins name the alias, older clients the integration (botpress-today.md §2.3)
    let found = speaker.find_by_alias(integration);
    let found = found.ok_or_else(|| not_installed(integration))?;
    let action = found.definition.actions.get(name).ok_or_else(|| {
        let text = format!("The integration {integration} has no action {name}");
        Error::new(Kind::ReferenceNotFound, text)
    })?;
    Ok(ResolvedAction {
        installation_seq: Some(found.installation.seq),
        integration: found.installation.name.clone(),
        name: name.to_owned(),
        definition: action.clone(),
    })
}

fn find_bot_action(speaker: &AuthorSchemas<'_>, name: &str) -> Result<ResolvedAction> {
    let action = speaker.bot_definition().actions.get(name);
    let action = action.ok_or_else(|| {
        let text = format!(
            "The bot has no action {name}; an action of an integration is integration:action"
        );
        Error::new(Kind::ReferenceNotFound, text)
    })?;
    Ok(ResolvedAction {
        installation_seq: None,
        integration: String::new(),
        name: name.to_owned(),
        definition: action.clone(),
    })
}

/// Takes the output out of a response and checks it. Newer SDKs also send `meta`, which is ignored.
fn take_output(
    action: &ResolvedAction,
    mut answer: Value,
    limits: &schema::Limits,
) -> std::result::Result<Map<String, Value>, String> {
    let broken = |why: &str| format!("The output of {} {why}", action.name);
    let output = answer.get_mut("output").map(Value::take);
    let output = output.ok_or_else(|| broken("is missing in the response"))?;
    let schema = &action.definition.output;
    let checked = schema.check_known_members(&output, "output", limits);
    checked.map_err(|error| {
        let rules: Vec<String> = error
            .broken_rules()
            .iter()
            .map(ToString::to_string)
            .collect();
        broken(&format!("does not match its schema: {}", rules.join("; ")))
    })?;
    match output {
        Value::Object(output) => Ok(output),
        _ => Err(broken("is not an object")),
    }
}
