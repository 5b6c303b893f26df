//! Stores generated images and audio as public files of the bot.

use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Result},
};

/// A generated file.
#[derive(Debug)]
pub(super) struct GeneratedFile {
    /// Ending of its name, such as `png`.
    pub(super) extension: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
    /// Days after which it is deleted; none to keep it.
    pub(super) expiration_days: Option<u32>,
}

/// Checks that files can be stored, before a model works for one.
///
/// # Errors
/// `Invalid` if this server has no store for files.
pub(super) fn require_store(_: &RequestContext) -> Result<()> {
    Err(Error::invalid(
        "this server has no store for generated files",
    ))
}

/// Stores a file, and returns its address below `files_url`, which needs no key.
///
/// # Errors
/// As [`require_store`], and errors of the store.
pub(super) async fn store(
    call: &RequestContext,
    files_url: &str,
    file: GeneratedFile,
) -> Result<String> {
    let GeneratedFile {
        extension,
        media_type,
        bytes,
        expiration_days,
    } = file;
    let size = bytes.len();
    tracing::debug!(
        files_url,
        extension,
        media_type,
        size,
        expiration_days,
        "no store"
    );
    require_store(call)?;
    Ok(files_url.to_owned())
}
