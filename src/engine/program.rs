//! Programs, their limits, and their requests and responses.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{EngineChoice, EngineError};
use crate::kernel::{Result, Secret};

/// One version of a bundle.
#[derive(Debug, Clone)]
pub struct Program {
    /// Id of the bot or integration that the code belongs to.
    pub id: String,
    /// Version of the code. A call with another version loads that version and drops the one before.
    pub version: String,
    /// CommonJS text that exports `handler`, or has it in `default`.
    pub code: Code,
    /// Environment variables of the code (`process.env`); it has no others.
    pub env: BTreeMap<String, Secret>,
    /// Resource limits.
    pub limits: Limits,
    /// Engine that runs the program, if it differs from the settings.
    pub engine: Option<EngineChoice>,
}

/// The text of a program. It is read when the program is loaded, and not kept, because a warm program does not need
/// it.
#[derive(Clone)]
pub struct Code(Arc<dyn Fn() -> Result<Arc<str>> + Send + Sync>);

impl Code {
    /// Creates the code from a function that reads the text.
    pub fn from_fn(read: impl Fn() -> Result<Arc<str>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Reads the text.
    ///
    /// # Errors
    /// Errors of the function that reads the text.
    pub fn read(&self) -> Result<Arc<str>> {
        (self.0)()
    }
}

impl From<Arc<str>> for Code {
    fn from(text: Arc<str>) -> Self {
        Self::from_fn(move || Ok(Arc::clone(&text)))
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        Self::from(Arc::<str>::from(text))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

/// Resource limits of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory, in bytes.
    pub memory: usize,
    /// Stack, in bytes (embedded engine).
    pub stack: usize,
    /// Maximum time that the code of a call runs, without waiting.
    pub cpu: Duration,
    /// Maximum time of a call, including waiting.
    pub wall: Duration,
    /// Maximum number of concurrent calls.
    pub concurrency: usize,
    /// Maximum size of a response, in bytes.
    pub response_bytes: usize,
    /// Maximum number of open `fetch` requests (embedded engine).
    pub max_fetches: usize,
}

/// The request that `handler` receives (botpress.md §5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Request {
    /// HTTP method: `POST`, …
    pub method: String,
    /// Path, at least `/`.
    pub path: String,
    /// Query string, without the `?`.
    pub query: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body as text.
    pub body: String,
}

/// The response of `handler`. Missing parts have the defaults of the SDK's own server: status 200, no headers, body
/// `{}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, with the names that the code used.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body as text.
    #[serde(default)]
    pub body: String,
}

/// The end of a call.
pub(super) struct CallEnd {
    pub(super) outcome: std::result::Result<Response, EngineError>,
    /// The last feature that the call used and the engine lacks.
    pub(super) missing: Option<String>,
}

impl From<std::result::Result<Response, EngineError>> for CallEnd {
    fn from(outcome: std::result::Result<Response, EngineError>) -> Self {
        Self {
            outcome,
            missing: None,
        }
    }
}

/// An engine that runs programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// QuickJS in this process.
    Embedded,
    /// A Node.js child process.
    Node,
}

impl EngineKind {
    /// Returns the name that the settings use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Node => "node",
        }
    }
}
