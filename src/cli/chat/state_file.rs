//! The state file of `parlance chat`: the user's key and the conversation of each address. Only its owner can read
//! it.

use std::{
    collections::BTreeMap,
    env, fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The saved state of one chat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ChatState {
    /// The user's key.
    pub key: Option<String>,
    /// The id of the conversation.
    pub conversation: Option<String>,
}

/// The saved states of all chats, and the address of the current one.
pub struct StateFile {
    file: PathBuf,
    address: String,
    chats: BTreeMap<String, ChatState>,
}

impl StateFile {
    /// Reads the state file. `forget`: True to drop the state of this address.
    pub fn read(file: &Path, address: &str, forget: bool) -> Result<Self> {
        let mut all: BTreeMap<String, ChatState> = match fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!("{} is not a state file of this command", file.display())
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", file.display()));
            }
        };
        if forget {
            all.remove(address);
        }
        Ok(Self {
            file: file.to_owned(),
            address: address.to_owned(),
            chats: all,
        })
    }

    /// Returns the state of this address for changes.
    pub fn entry(&mut self) -> &mut ChatState {
        self.chats.entry(self.address.clone()).or_default()
    }

    /// Writes the state file atomically.
    pub fn write(&self) -> Result<()> {
        let failed = || format!("cannot write {}", self.file.display());
        if let Some(directory) = self.file.parent() {
            fs::create_dir_all(directory).with_context(failed)?;
        }
        let mut new = self.file.clone().into_os_string();
        new.push(format!(".{}", std::process::id()));
        let mut opened = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .with_context(failed)?;
        let text = serde_json::to_vec_pretty(&self.chats)?;
        opened.write_all(&text).with_context(failed)?;
        // Without a sync, a power failure could leave the new name with an empty file.
        opened.sync_all().with_context(failed)?;
        fs::rename(&new, &self.file).with_context(failed)
    }
}

/// Returns the state file for chats with bots of the database at this path.
pub fn database_state_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".chat.json");
    name.into()
}

/// Returns the state file for chats at other addresses, in the user's state directory.
pub fn user_state_file() -> Result<PathBuf> {
    let of_home = || Some(PathBuf::from(env::var_os("HOME")?).join(".local/state"));
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute()).or_else(of_home);
    let state =
        state.context("neither XDG_STATE_HOME nor HOME is set, so the key cannot be stored")?;
    Ok(state.join("parlance/chat.json"))
}
