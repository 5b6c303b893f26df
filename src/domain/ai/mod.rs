//! AI on the operator's own machine: text, images and speech from the model server of `answers.upstream`, which has
//! OpenAI's API. The built-in integration `local-llm` offers the same model to code that calls actions.

mod attempts;
pub mod audio;
mod built_in;
mod concurrency;
pub(in crate::domain) mod feature;
mod file_store;
pub mod image;
mod media;
pub mod models;
mod results;
mod settings;
mod spend;
pub mod text;
mod upstream;

pub use self::{
    attempts::ModelResult,
    built_in::{NAME, register},
    settings::{InvalidModelSetting, ModelName, ModelPrice, Price, Settings},
    spend::Cost,
};
use crate::domain::{
    bots::author::require_write,
    tenancy::request_auth::{PrincipalAgent, RequestContext},
};
use crate::kernel::Result;

/// Name of the provider in ids of models and in metadata: the operator's own server.
pub const PROVIDER: &str = "local";

/// A note to the caller about a request that was not answered exactly as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Kind of the warning.
    pub kind: WarningKind,
    /// Text for the caller.
    pub message: String,
}

/// Kind of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// A parameter has no effect.
    ParameterIgnored,
    /// The model server limits what is possible.
    ProviderLimitation,
    /// Another model answered than the first that the caller named.
    FallbackUsed,
}

impl Warning {
    fn new(kind: WarningKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Returns the warning for a parameter without effect.
    #[must_use]
    pub fn ignored(parameter: &str) -> Self {
        let text = format!("{parameter} has no effect on this server");
        Self::new(WarningKind::ParameterIgnored, text)
    }
}

/// Checks that the caller may cause work for its bot, and returns the bot.
fn require_bot(call: &RequestContext) -> Result<&PrincipalAgent> {
    require_write(call)?;
    call.agent()
}
