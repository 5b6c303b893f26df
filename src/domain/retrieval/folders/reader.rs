//! Reads the text of a file off the async threads.

use tokio::task::{self, JoinError};

use super::{
    document_worker,
    parse::{self, Content, Format},
};
use crate::{
    domain::App,
    kernel::{Error, Result},
};

/// Returns the text of a file, or the reason why it has none. A document is parsed in a process of its own.
///
/// # Errors
/// `Internal` if the parser panics.
pub(in crate::domain) async fn read_content(
    app: &App,
    format: Format,
    bytes: Vec<u8>,
) -> Result<std::result::Result<Content, String>> {
    if format.is_document() {
        let program = app.settings().runtime.executable.as_deref();
        let settings = app.folder_settings();
        return Ok(document_worker::parse_document(program, settings, format, bytes).await);
    }
    run_blocking(move || read_text(format, &bytes)).await
}

/// Parses a text, on the thread of the caller.
pub(super) fn read_text(format: Format, bytes: &[u8]) -> std::result::Result<Content, String> {
    parse::parse_file(format, bytes).ok_or_else(|| "it is not text".to_owned())
}

pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    task::spawn_blocking(work)
        .await
        .map_err(|error| join_error(&error))
}

pub(super) fn join_error(error: &JoinError) -> Error {
    Error::internal("a task that reads a folder failed", error.to_string())
}
