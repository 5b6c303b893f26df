//! Actions: what a bot asks an integration to do.

use serde_json::{Map, Value};

use super::{
    access::Call,
    declared::{Voice, not_installed, not_running, require_write},
};
use crate::kernel::{Error, Kind, Result};

/// Asks an integration of the call's bot to do something.
///
/// # Errors
/// `ReferenceNotFound` for an integration that is not installed and an action that it does not have;
/// `InvalidData` for an input that does not keep to the action's schema; `Runtime` if the integration
/// fails or does not run; `Forbidden` for a role below developer; those of the store.
pub fn call(call: &Call, kind: &str, input: Map<String, Value>) -> Result<Map<String, Value>> {
    require_write(call)?;
    let voice = Voice::of(call)?;
    call.domain().store().read(|conn| {
        let speaker = voice.on(conn)?;
        let (integration, name) = match (kind.split_once(':'), speaker.name()) {
            (Some(parts), _) => parts,
            (None, Some(own)) => (own, kind),
            (None, None) => {
                let text = format!("{kind} names no integration: integration:action is needed");
                return Err(Error::new(Kind::ReferenceNotFound, text));
            }
        };
        let found = speaker.integration(integration)?;
        let (_, definition) = found.ok_or_else(|| not_installed(integration))?;
        let action = definition.actions.get(name).ok_or_else(|| {
            let text = format!("The integration {integration} has no action {name}");
            Error::new(Kind::ReferenceNotFound, text)
        })?;
        action.input.check(&Value::Object(input), "input")?;
        Err(not_running(integration))
    })
}
