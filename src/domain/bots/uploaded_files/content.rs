//! Reads the bytes of a file at its address.

use futures_util::Stream;

use super::{
    File,
    addresses::{self, Right, Signature},
    receive, rows,
};
use crate::{
    domain::{shared::blobs, tenancy::app::App},
    kernel::{Result, ids::FileId},
};

/// The bytes of a file, not read yet.
pub struct Content {
    /// The file.
    pub file: File,
    /// Size in bytes.
    pub size: u64,
    /// Text that changes with the bytes.
    pub etag: String,
    blob: i64,
}

/// Opens the bytes of a file: public ones for everyone, others with a valid signature.
///
/// # Errors
/// `NotFound` for an unknown file, and for one without bytes; `Forbidden`; errors of the store.
pub fn open(app: &App, id: &FileId, signature: Option<&Signature>) -> Result<Content> {
    let file = app.store().read(|conn| receive::find(conn, id, app))?.file;
    if !file.access_policies.public_content {
        addresses::require(app, &file, Right::Read, signature)?;
    }
    match (file.blob, file.size, file.etag.clone()) {
        (Some(blob), Some(size), Some(etag)) => Ok(Content {
            file,
            size,
            etag,
            blob,
        }),
        _ => Err(rows::not_found(id.as_str())),
    }
}

impl Content {
    /// Reads the bytes from `start` up to `end`, a piece at a time.
    pub fn read(
        &self,
        app: &App,
        start: u64,
        end: u64,
    ) -> impl Stream<Item = Result<Vec<u8>>> + Send + use<> {
        blobs::read(app.store().clone(), self.blob, start, end)
    }
}
