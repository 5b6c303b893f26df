//! Stores generated images and audio as public files of the bot.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use serde_json::Map;

use crate::{
    domain::{
        bots::uploaded_files::{
            self, AccessPolicies, NewFile, Upload,
            addresses::{Right, Signature},
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::Result,
};

/// Length of a passage, which no generated file has.
const CHUNK_LENGTH: usize = 1_500;
const DAY: Duration = Duration::from_secs(24 * 3600);

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

/// Stores a file, and returns its address below `files_url`, which needs no key.
///
/// # Errors
/// `LimitExceeded` and `QuotaExceeded`, and errors of the store.
pub(super) async fn store(
    call: &RequestContext,
    files_url: &str,
    file: GeneratedFile,
) -> Result<String> {
    let app = call.app();
    let days = file.expiration_days;
    let new = NewFile {
        key: format!("cognitive/{}.{}", uuid::Uuid::new_v4(), file.extension),
        content_type: file.media_type.to_owned(),
        size: file.bytes.len() as u64,
        tags: BTreeMap::new(),
        metadata: Map::new(),
        access_policies: AccessPolicies {
            public_content: true,
            integrations: false,
        },
        index: false,
        chunk_length: CHUNK_LENGTH,
        needs_public_tag: false,
        expires_at: days.map(|days| app.clock().now().plus(DAY * days)),
        user: None,
    };
    let stored = uploaded_files::upsert(call, new).await?;
    let upload = Upload {
        signature: Some(Signature::new(app, &stored, Right::Upload)),
        is_tagged_public: true,
        length: Some(file.bytes.len() as u64),
    };
    let body = stream::iter([Ok(Bytes::from(file.bytes))]);
    uploaded_files::receive(app, stored.id.clone(), upload, body).await?;
    Ok(format!("{files_url}/{}", stored.id))
}
