//! What is run, what it is asked and what it answers.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::EngineChoice;
use crate::kernel::{Result, Secret};

/// One version of a bundle.
#[derive(Debug, Clone)]
pub struct Program {
    /// Whose code it is: the id of a bot or an integration.
    pub id: String,
    /// Which version: another one is loaded anew, and takes the place of the one before.
    pub version: String,
    /// A CommonJS text that exports `handler`, or has it in `default`.
    pub code: Code,
    /// Its variables, and no others: `process.env` of the code.
    pub env: BTreeMap<String, Secret>,
    /// Its limits.
    pub limits: Limits,
    /// What runs it, if that is not what the settings say.
    pub engine: Option<EngineChoice>,
}

/// The text of a program. It is read when the program is loaded and not kept: a warm program has no
/// use for it.
#[derive(Clone)]
pub struct Code(Arc<dyn Fn() -> Result<Arc<str>> + Send + Sync>);

impl Code {
    /// A text that is kept elsewhere.
    pub fn kept(read: impl Fn() -> Result<Arc<str>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The text.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(&self) -> Result<Arc<str>> {
        (self.0)()
    }
}

impl From<Arc<str>> for Code {
    fn from(text: Arc<str>) -> Self {
        Self::kept(move || Ok(Arc::clone(&text)))
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
    /// The answer of a call, in bytes.
    pub answer: usize,
    /// Open requests at the same time (embedded engine).
    pub fetches: usize,
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
