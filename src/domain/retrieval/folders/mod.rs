//! Folders of documents that this server serves as connectors, with no other service: read, split
//! into passages, indexed with FTS5 in the same database file, followed for changes, and searched by
//! BM25.
//!
//! What stands on the disk is the truth: a folder is compared with what is known of it when the
//! server starts, when the system tells of a change, and once in a while in any case.

mod bounds;
mod compare;
mod document;
mod left_out;
mod passages;
mod read;
mod rows;
mod scan;
mod search;
mod watch;

use std::{path::PathBuf, sync::OnceLock};

use serde::{Deserialize, Serialize};
use tokio::sync::watch as channel;

pub(in crate::domain) use self::rows::{connector_of, set_connector};
pub use self::{
    document::serve as read_document,
    left_out::{AllLeftOut, LeftOut},
    read::plain_text,
    scan::{Scanned, forget_others, scan},
    search::{Found, require_token, search, search_with},
    watch::follow,
};
use crate::kernel::{
    Error, Result, Secret,
    secret::{TokenHash, new_token},
};

/// The path that every folder is searched under.
pub const BASE_PATH: &str = "/folders";

/// Settings of folders that are served as connectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How often a folder is compared with what is known of it although the system told of no
    /// change, in seconds.
    pub rescan_seconds: u64,
    /// The largest file that is read, in bytes.
    pub max_file_bytes: u64,
    /// The most passages that a search finds.
    pub max_results: u32,
    /// The memory that reading a document (DOCX) may take, in bytes.
    pub document_memory_bytes: u64,
    /// The time of a processor that reading a document may take, in seconds.
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

/// A folder in the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderSettings {
    /// Its name: 1 to 40 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The bearer token for searching it. Without one, only this server itself can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// What is wrong with a list of folders: the member and the problem.
#[must_use]
pub fn problem(folders: &[FolderSettings]) -> Option<(String, String)> {
    for (index, folder) in folders.iter().enumerate() {
        let at = |member: &str| format!("connectors.folder.{index}.{member}");
        let name = &folder.name;
        let is_name = (1..=40).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !is_name {
            let problem = format!("{name:?} is not 1 to 40 of a-z, 0-9 and -");
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
    /// What the address of each begins with, once this server listens.
    base: OnceLock<String>,
    /// One at a time forgets folders that are no longer in the settings.
    forgetting: tokio::sync::Mutex<()>,
}

/// A folder of this server.
#[derive(Debug)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The bearer token for searching it.
    pub token: Secret,
    /// What the last comparison found.
    scanned: channel::Sender<Option<Scanned>>,
    /// One comparison at a time.
    scanning: tokio::sync::Mutex<()>,
}

impl Folders {
    /// Those of the settings. One without a token gets a random one, which only this server knows.
    #[must_use]
    pub(in crate::domain) fn new(folders: &[FolderSettings]) -> Self {
        let folders = folders.iter().map(|folder| Folder {
            name: folder.name.clone(),
            path: folder.path.clone(),
            token: folder.token.clone().unwrap_or_else(|| new_token("folder_")),
            scanned: channel::Sender::new(None),
            scanning: tokio::sync::Mutex::default(),
        });
        Self {
            folders: folders.collect(),
            base: OnceLock::new(),
            forgetting: tokio::sync::Mutex::default(),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Folder> {
        self.folders.iter()
    }

    /// The folder with this name.
    ///
    /// # Errors
    /// `NotFound`
    pub fn get(&self, name: &str) -> Result<&Folder> {
        let mut folders = self.folders.iter();
        folders
            .find(|folder| folder.name == name)
            .ok_or_else(|| Error::not_found(format!("folder '{name}' not found")))
    }

    /// Notes where this server is: `http://127.0.0.1:4600`.
    pub(in crate::domain) fn serve_at(&self, origin: &str) {
        // It listens once.
        let _ = self.base.set(format!("{origin}{BASE_PATH}"));
    }

    /// The address at which a folder is searched.
    pub(in crate::domain) fn url_of(&self, name: &str) -> String {
        let base = self.base.get().map_or(BASE_PATH, String::as_str);
        format!("{base}/{name}/search")
    }

    /// The name of the folder that is searched at this address.
    pub(in crate::domain) fn at(&self, url: &str) -> Option<String> {
        let name = url.strip_prefix(self.base.get()?)?;
        let name = name.strip_prefix('/')?.strip_suffix("/search")?;
        self.get(name).ok().map(|folder| folder.name.clone())
    }
}

impl Folder {
    /// Whether this is the token for searching it.
    #[must_use]
    pub fn is_opened_by(&self, token: &str) -> bool {
        TokenHash::of(token) == TokenHash::of(self.token.expose())
    }

    /// What the last comparison found, now and whenever there is a new one.
    #[must_use]
    pub fn scanned(&self) -> channel::Receiver<Option<Scanned>> {
        self.scanned.subscribe()
    }
}
