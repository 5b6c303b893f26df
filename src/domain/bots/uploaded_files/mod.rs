//! Files of the Files API: bytes with a key, tags and metadata. Texts among them can be indexed and searched.
//!
//! A caller creates a file and gets an address; the bytes are sent there, and the file is complete with the last of them.
//! The older files of [`super::files`] are others.

mod access;
pub mod addresses;
pub mod content;
mod copy;
mod index;
pub mod knowledge_bases;
mod list;
mod maintenance;
mod metadata;
pub(in crate::domain) mod of_jobs;
pub mod passages;
mod receive;
mod rows;
pub mod search;
mod settings;
pub mod tag_filter;
pub mod tag_lists;
mod upsert;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tokio::sync::Notify;

pub use self::{
    copy::{Copy, copy},
    list::{Filter, ListCursor, Sort, SortField, list},
    maintenance::{run, run_once},
    metadata::{MetadataPatch, delete, update},
    receive::{Upload, WINDOW_BYTES, receive},
    rows::find,
    settings::Settings,
    upsert::{NewFile, upsert},
};
use crate::{
    domain::{
        shared::sql::text_enum,
        tenancy::{app::App, features::Features, write_tx::WriteTx},
    },
    kernel::{
        Result, Timestamp,
        ids::{AgentId, EndUserId, FileId},
    },
};

/// Maximum length of a key, in characters.
pub const MAX_KEY_CHARS: usize = 1_000;
/// Maximum length of a tag's value, in characters.
pub const MAX_TAG_VALUE_CHARS: usize = 1_000;
/// Limits of the maximum length of a passage, in characters.
pub const CHUNK_LENGTHS: [usize; 2] = [100, 5_000];

text_enum! {
    /// Status of a file.
    pub enum Status {
        /// The bytes are not there yet.
        UploadPending = "upload_pending",
        /// The bytes were rejected.
        UploadFailed = "upload_failed",
        /// The bytes are stored; the file is not to be indexed.
        UploadCompleted = "upload_completed",
        /// The bytes are stored; the file is to be indexed.
        IndexingPending = "indexing_pending",
        /// The file cannot be indexed.
        IndexingFailed = "indexing_failed",
        /// The passages of the file can be searched.
        IndexingCompleted = "indexing_completed",
    }
}

text_enum! {
    /// Kind of the owner of a file.
    pub enum OwnerKind {
        /// The bot.
        Bot = "bot",
        /// An integration of the bot.
        Integration = "integration",
        /// A user of the bot.
        User = "user",
    }
}

/// Owner of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Kind of the owner.
    pub kind: OwnerKind,
    /// Id of the bot, the integration or the user.
    pub id: Option<String>,
    /// Name of the integration.
    pub name: Option<String>,
    /// Alias of the integration in the bot.
    pub alias: Option<String>,
}

/// Permissions of others than the owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessPolicies {
    /// True if everyone who has the address can read the bytes.
    pub public_content: bool,
    /// True if all integrations of the bot can read the file.
    pub integrations: bool,
}

/// A file without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Id of the file.
    pub id: FileId,
    /// Bot of the file.
    pub bot: AgentId,
    /// Key, unique among the files of the bot, or of the integration that made the file.
    pub key: String,
    /// Owner.
    pub owner: Owner,
    /// Media type.
    pub content_type: String,
    /// Size in bytes, once they are stored.
    pub size: Option<u64>,
    /// Tags by name.
    pub tags: BTreeMap<String, String>,
    /// Metadata.
    pub metadata: Map<String, Value>,
    /// Permissions of others.
    pub access_policies: AccessPolicies,
    /// True if the file is to be indexed.
    pub index: bool,
    /// Status.
    pub status: Status,
    /// Reason of a failure.
    pub failure: Option<String>,
    /// Time of the deletion.
    pub expires_at: Option<Timestamp>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Row number; another one after each upsert.
    pub(in crate::domain) seq: i64,
    /// Key of the integration that made the file; empty for the bot.
    pub(in crate::domain) integration: String,
    pub(in crate::domain) blob: Option<i64>,
    pub(in crate::domain) etag: Option<String>,
    pub(in crate::domain) passages: Option<i64>,
    pub(in crate::domain) chunk_length: usize,
    pub(in crate::domain) promised_size: u64,
    pub(in crate::domain) needs_public_tag: bool,
}

/// Wake-up of the worker that indexes, expires and purges files.
#[derive(Default)]
struct WorkerWakeUp(Notify);

/// Registers the settings and the wake-up of the worker.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(settings);
    features.add(WorkerWakeUp::default());
}

/// Wakes the worker after the erasure of a user, whose files are deleted with the row.
pub(in crate::domain) fn wake_after_erasure(tx: &WriteTx<'_>, _: &EndUserId, _: i64) -> Result<()> {
    tx.wake_file_worker();
    Ok(())
}

impl App {
    /// Returns the settings of files.
    #[must_use]
    pub fn file_settings(&self) -> &Settings {
        self.feature()
    }

    /// Returns the wake-up of the worker of files.
    fn file_worker_wake_up(&self) -> &Notify {
        &self.feature::<WorkerWakeUp>().0
    }
}

impl WriteTx<'_> {
    /// Wakes the worker of files after the commit: there are files to index, or bytes to delete.
    pub(in crate::domain) fn wake_file_worker(&self) {
        self.wake_after_commit(|app| app.file_worker_wake_up().notify_one());
    }
}
