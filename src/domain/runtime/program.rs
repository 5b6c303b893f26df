//! What is run, what it is asked and what it answers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::EngineChoice;
use crate::kernel::Secret;

/// One version of a bundle.
#[derive(Debug, Clone)]
pub struct Program {
    /// Whose code it is: the id of a bot or an integration.
    pub id: String,
    /// Which version: another one is loaded anew, and takes the place of the one before.
    pub version: String,
    /// A CommonJS text that exports `handler`, or has it in `default`.
    pub code: Arc<str>,
    /// Its variables, and no others: `process.env` of the code.
    pub env: BTreeMap<String, Secret>,
    /// Its limits.
    pub limits: Limits,
    /// What runs it, if that is not what the settings say.
    pub engine: Option<EngineChoice>,
}

/// What a program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory, in bytes.
    pub memory: usize,
    /// Stack, in bytes (embedded engine).
    pub stack: usize,
    /// How long the code of a call may run, without the time that it waits.
    pub cpu: Duration,
    /// How long a call may take with all its waiting.
    pub wall: Duration,
    /// Calls at the same time.
    pub concurrency: usize,
}

/// What `handler` is called with (botpress.md §5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Request {
    /// `POST`, …
    pub method: String,
    /// `/` or what follows.
    pub path: String,
    /// What follows the `?`.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
}

/// What `handler` answered. What it leaves out is as the SDK's own server has it: 200, no headers,
/// `{}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers, as the code named them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    #[serde(default)]
    pub body: String,
}

/// What a program runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// QuickJS in this process.
    Embedded,
    /// A Node.js child.
    Node,
}

impl EngineKind {
    /// Its name, as the settings spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Node => "node",
        }
    }
}
