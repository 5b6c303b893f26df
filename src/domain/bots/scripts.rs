//! Runs of VRL scripts that a developer wants to try.

use serde_json::{Map, Value};

use crate::{
    domain::tenancy::account_call::AccountContext,
    engine::script::{RETRY_AFTER, ScriptError},
    kernel::{Error, Kind, Result, Rule, Violation},
};

/// Result of a script.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptRun {
    /// The object as the script has left it.
    pub data: Map<String, Value>,
    /// Value of the script's last expression.
    pub result: Value,
}

/// Runs a script on an object, which the script sees as `.`.
///
/// # Errors
/// `Invalid` for a script that does not compile or fails, `Unavailable` if the script engine is busy or down.
pub async fn run(
    call: &AccountContext,
    script: &str,
    data: Map<String, Value>,
) -> Result<ScriptRun> {
    let scripts = call.app().scripts();
    // Its own compilation gives errors with the right positions.
    scripts.check(script).await.map_err(to_error)?;
    let wrapped = format!("__result = {{\n{script}\n}}\n{{\"data\": ., \"result\": __result}}");
    let given = Value::Object(data);
    let mut answer = scripts.run(&wrapped, &given).await.map_err(to_error)?;
    let result = answer["result"].take();
    match answer["data"].take() {
        Value::Object(data) => Ok(ScriptRun { data, result }),
        // The script has replaced the object.
        _ => Ok(ScriptRun {
            data: Map::new(),
            result,
        }),
    }
}

fn to_error(error: ScriptError) -> Error {
    if error.is_transient() {
        let retry_after = RETRY_AFTER;
        return Error::new(Kind::Unavailable { retry_after }, error.to_string());
    }
    Violation::body(["script"], Rule::Other(error.to_string())).into()
}
