//! Messages between the server and the runner: one JSON object per line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Request, Response};

/// A message to the runner.
#[derive(Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(super) enum RunnerRequest<'a> {
    Load {
        mark: &'a str,
        code: &'a str,
        env: BTreeMap<&'a str, &'a str>,
    },
    Call {
        id: u64,
        request: &'a Request,
    },
    Ping {
        id: u64,
    },
}

/// A message from the runner.
#[derive(Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(super) enum RunnerMessage {
    Loaded,
    Unloadable {
        text: String,
        stack: String,
        missing: bool,
    },
    Answer {
        id: u64,
        response: Response,
    },
    Failed {
        id: u64,
        text: String,
        stack: String,
        answer: bool,
    },
    Pong {
        id: u64,
    },
    Log {
        level: String,
        text: String,
        bot: Option<String>,
    },
    /// An exception that no code caught.
    Uncaught {
        text: String,
        stack: String,
        bot: Option<String>,
    },
}
