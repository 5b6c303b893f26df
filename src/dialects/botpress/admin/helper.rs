//! `/v1/admin/helper/vrl`: runs a VRL script.

use poem_openapi::{
    Object, OpenApi,
    payload::Json,
    types::{Any, Example},
};
use serde_json::{Value, json};

use crate::{
    dialects::botpress::{Tag, auth::AccountCaller, error::Failed},
    domain::bots::scripts,
    http::{Body, JsonObject},
};

/// The operation that runs a script.
pub struct Helper;

/// A script and its input.
#[derive(Object)]
#[oai(example, rename = "runVrlBody")]
struct RunVrlBody {
    /// Object that the script sees as `.`.
    data: JsonObject,
    /// VRL script.
    script: String,
}

impl Example for RunVrlBody {
    fn example() -> Self {
        Self {
            data: JsonObject::from_value(json!({"name": "Ann"})),
            script: "upcase(string!(.name))".to_owned(),
        }
    }
}

/// The result of a script.
#[derive(Object)]
#[oai(example, rename = "runVrlResponse")]
struct RunVrlResponse {
    /// The object as the script has left it.
    data: JsonObject,
    /// Value of the script's last expression: any JSON.
    result: Any<Value>,
}

impl Example for RunVrlResponse {
    fn example() -> Self {
        Self {
            data: JsonObject::from_value(json!({"name": "Ann"})),
            result: Any(json!("ANN")),
        }
    }
}

#[OpenApi(tag = "Tag::Integration")]
impl Helper {
    /// Run VRL
    ///
    /// Runs a VRL script on an object, within the limits of the scripts of integrations.
    #[oai(
        path = "/v1/admin/helper/vrl",
        method = "post",
        operation_id = "runVrl"
    )]
    async fn run_vrl(
        &self,
        caller: AccountCaller,
        body: Body<RunVrlBody>,
    ) -> Result<Json<RunVrlResponse>, Failed> {
        let RunVrlBody { data, script } = body.0;
        let run = scripts::run(&caller.0, &script, data.0).await?;
        Ok(Json(RunVrlResponse {
            data: JsonObject(run.data),
            result: Any(run.result),
        }))
    }
}
