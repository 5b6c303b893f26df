//! Folders of documents that this server serves as connectors: splits files into passages, indexes
//! them with FTS5 in the same database file, watches for changes, and searches by BM25.
//!
//! The files on disk are the source of truth: a folder is compared with the index at start, when
//! the system reports a change, and at a fixed interval.

mod compare;
mod document_worker;
mod parse;
mod parser_limits;
mod passages;
mod reader;
mod rows;
mod scan;
mod search;
mod skipped;
mod watch;

use std::{path::PathBuf, sync::OnceLock};

use serde::{Deserialize, Serialize};
use tokio::sync::watch as channel;

pub use self::{
    document_worker::run_document_worker as read_document,
    parse::strip_markup,
    scan::{ScanResult, remove_unconfigured, scan},
    search::{PassageHit, require_token, search, search_with_token},
    skipped::{SkippedFile, SkippedFiles},
    watch::run,
};
pub(in crate::domain) use self::{
    parse::{Content, Format, Section},
    reader::read_content,
    rows::{find_connector, set_connector},
    search::{RANKED_MAX, build_match_query, select_query_terms},
};
use crate::kernel::{
    Error, Result, Secret,
    secret::{TokenHash, new_token},
};

/// Base path of the search URL of every folder.
pub const BASE_PATH: &str = "/folders";

/// Settings of folders that are served as connectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Interval between scans of a folder when the system reports no change, in seconds.
    pub rescan_seconds: u64,
    /// Maximum size of a file that is read, in bytes.
    pub max_file_bytes: u64,
    /// Maximum number of passages in a search result.
    pub max_results: u32,
    /// Memory limit for parsing a document (DOCX, PDF), in bytes.
    pub document_memory_bytes: u64,
    /// CPU time limit for parsing a document, in seconds.
    pub document_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rescan_seconds: 60,
            max_file_bytes: 10 * 1024 * 1024,
            max_results: 10,
            document_memory_bytes: 256 * 1024 * 1024,
            document_seconds: 10,
        }
    }
}

/// A folder of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderSettings {
    /// Name: 1 to 40 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Path of the folder.
    pub path: PathBuf,
    /// Bearer token for searches. Without a token, only this server can search the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// Returns the first invalid setting in a list of folders: its path and the problem.
#[must_use]
pub fn find_invalid_setting(folders: &[FolderSettings]) -> Option<(String, String)> {
    for (index, folder) in folders.iter().enumerate() {
        let at = |member: &str| format!("connectors.folder.{index}.{member}");
        let name = &folder.name;
        let is_name = (1..=40).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !is_name {
            let problem = format!("{name:?} must have 1 to 40 characters of a-z, 0-9 and -");
            return Some((at("name"), problem));
        }
        if folders[..index].iter().any(|other| other.name == *name) {
            return Some((at("name"), format!("{name:?} is the name of two folders")));
        }
        if folder
            .token
            .as_ref()
            .is_some_and(|token| token.expose().is_empty())
        {
            return Some((at("token"), "is empty".to_owned()));
        }
    }
    None
}

/// The folders of this server.
#[derive(Debug, Default)]
pub struct Folders {
    folders: Vec<Folder>,
    /// Base URL of all folders, set when this server listens.
    base_url: OnceLock<String>,
    /// Serializes the removal of folders that are no longer in the settings.
    removal_lock: tokio::sync::Mutex<()>,
}

/// A folder of this server.
#[derive(Debug)]
pub struct Folder {
    /// Name.
    pub name: String,
    /// Path.
    pub path: PathBuf,
    /// Bearer token for searches.
    pub token: Secret,
    /// Result of the last scan.
    last_scan: channel::Sender<Option<ScanResult>>,
    /// Serializes the scans of the folder.
    scan_lock: tokio::sync::Mutex<()>,
}

impl Folders {
    /// Creates the folders of the settings. A folder without a token gets a random one, which only
    /// this server knows.
    #[must_use]
    pub(in crate::domain) fn new(folders: &[FolderSettings]) -> Self {
        let folders = folders.iter().map(|folder| Folder {
            name: folder.name.clone(),
            path: folder.path.clone(),
            token: folder.token.clone().unwrap_or_else(|| new_token("folder_")),
            last_scan: channel::Sender::new(None),
            scan_lock: tokio::sync::Mutex::default(),
        });
        Self {
            folders: folders.collect(),
            base_url: OnceLock::new(),
            removal_lock: tokio::sync::Mutex::default(),
        }
    }

    /// Iterates over all folders.
    pub fn iter(&self) -> impl Iterator<Item = &Folder> {
        self.folders.iter()
    }

    /// Returns the folder with this name.
    ///
    /// # Errors
    /// `NotFound` if there is no such folder.
    pub fn get(&self, name: &str) -> Result<&Folder> {
        let mut folders = self.folders.iter();
        folders
            .find(|folder| folder.name == name)
            .ok_or_else(|| Error::not_found(format!("folder '{name}' not found")))
    }

    /// Sets the origin of this server, such as `http://127.0.0.1:4600`.
    pub(in crate::domain) fn set_origin(&self, origin: &str) {
        // The server listens once, so the value is set once.
        let _ = self.base_url.set(format!("{origin}{BASE_PATH}"));
    }

    /// Returns the URL for searches of a folder.
    pub(in crate::domain) fn search_url(&self, name: &str) -> String {
        let base = self.base_url.get().map_or(BASE_PATH, String::as_str);
        format!("{base}/{name}/search")
    }

    /// Returns the name of the folder with this search URL.
    pub(in crate::domain) fn find_name_by_url(&self, url: &str) -> Option<String> {
        let name = url.strip_prefix(self.base_url.get()?)?;
        let name = name.strip_prefix('/')?.strip_suffix("/search")?;
        self.get(name).ok().map(|folder| folder.name.clone())
    }
}

impl Folder {
    /// True if this is the folder's token.
    #[must_use]
    pub fn has_token(&self, token: &str) -> bool {
        TokenHash::of(token) == TokenHash::of(self.token.expose())
    }

    /// Returns a receiver for the result of the last scan and of each later scan.
    #[must_use]
    pub fn subscribe_to_scans(&self) -> channel::Receiver<Option<ScanResult>> {
        self.last_scan.subscribe()
    }
}
