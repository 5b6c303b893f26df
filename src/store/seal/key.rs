//! Loads the sealing key and checks that it is the key of the database.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use crate::{
    kernel::{self, Secret},
    store::{Store, files, meta},
};

use super::{SealLocation, Sealer};

/// Length of a key, in bytes.
pub(super) const KEY_BYTES: usize = 32;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key in `meta` of a known text that is sealed with the database's key.
const KEY_CHECK: &str = "key_check";
const KEY_CHECK_TEXT: &[u8] = b"parlance";
const KEY_CHECK_LOCATION: SealLocation<'static> = SealLocation {
    table: "meta",
    column: "value",
    row_id: KEY_CHECK,
};

/// The source of the sealing key. If both are absent, the file `{database}.key`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The key itself: 32 bytes in base64. Takes precedence over `key_file`. Serialises as `[hidden]`.
    pub key: Option<Secret>,
    /// The file that contains the key in base64. Default: the database's path with `.key` appended.
    pub key_file: Option<PathBuf>,
}

/// The source of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The settings: a configuration file or the environment.
    Settings,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings => f.write_str("the key in the settings"),
            Self::File(path) => write!(f, "the key file {}", path.display()),
        }
    }
}

/// The reason why there is no sealer. No key was created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The database has a key, but the key file is missing.
    #[error("the key file {} is missing, and the database {} was sealed with it\nPut it back: its secrets cannot be read without it", .path.display(), .database.display())]
    Missing {
        /// The expected key file.
        path: PathBuf,
        /// The database.
        database: PathBuf,
    },
    /// The key is not the one that the database was sealed with.
    #[error("{key} is not the key that the database {} was sealed with\nGive the key that belongs to this database", .database.display())]
    WrongKey {
        /// The source of the key.
        key: KeySource,
        /// The database.
        database: PathBuf,
    },
    /// The key is not 32 bytes in base64.
    #[error(
        "{key} is not 32 bytes in base64\nCorrect it, or make one with `openssl rand -base64 32`"
    )]
    InvalidKey {
        /// The source of the key.
        key: KeySource,
    },
    /// The key file could not be read or created.
    #[error("the key file {} cannot be used\nCheck its path, owner and permissions", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The database failed.
    #[error("the key of the database could not be checked")]
    Store(#[from] kernel::Error),
}

impl Sealer {
    /// Loads the sealer of a database, with the key from the settings or the key file. If the database has no
    /// key yet, creates a missing or empty key file with mode 0600.
    ///
    /// # Errors
    /// [`KeyError`]; in particular if the key is not the one that the database was sealed with.
    pub async fn load(store: &Store, settings: &Settings) -> Result<Self, KeyError> {
        let check = store.read(|connection| meta::get(connection, KEY_CHECK))?;
        let (key, source) = find_key(store.path(), settings, check.is_none())?;
        let sealer = Self::with_key(&key);
        let Some(check) = check else {
            let check = sealer.seal(&KEY_CHECK_LOCATION, KEY_CHECK_TEXT);
            store
                .write(move |connection| meta::set(connection, KEY_CHECK, &check))
                .await?;
            return Ok(sealer);
        };
        sealer.verify_key(&check, source, store)
    }

    /// Loads the sealer for a command that only reads. `None` if the database has no key yet.
    ///
    /// # Errors
    /// As [`Sealer::load`].
    pub fn load_existing(store: &Store, settings: &Settings) -> Result<Option<Self>, KeyError> {
        let Some(check) = store.read(|connection| meta::get(connection, KEY_CHECK))? else {
            return Ok(None);
        };
        let (key, source) = find_key(store.path(), settings, false)?;
        Self::with_key(&key)
            .verify_key(&check, source, store)
            .map(Some)
    }

    /// Returns this sealer if it opens the text that was sealed with the database's key.
    fn verify_key(self, check: &[u8], source: KeySource, store: &Store) -> Result<Self, KeyError> {
        if self.open(&KEY_CHECK_LOCATION, check).is_err() {
            return Err(KeyError::WrongKey {
                key: source,
                database: store.path().to_owned(),
            });
        }
        Ok(self)
    }
}

fn find_key(
    database: &Path,
    settings: &Settings,
    may_create: bool,
) -> Result<([u8; KEY_BYTES], KeySource), KeyError> {
    if let Some(key) = &settings.key {
        let source = KeySource::Settings;
        return Ok((decode_key(key.expose(), &source)?, source));
    }
    let path = settings
        .key_file
        .clone()
        .unwrap_or_else(|| files::append_suffix(database, ".key"));
    let text = match read_key_file(&path) {
        Ok(text) if text.expose().is_empty() && may_create => create_key_file(&path),
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => {
            create_key_file(&path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::Missing {
                path,
                database: database.to_owned(),
            });
        }
        other => other,
    };
    let text = text.map_err(|source| KeyError::Io {
        path: path.clone(),
        source,
    })?;
    let source = KeySource::File(path);
    Ok((decode_key(text.expose(), &source)?, source))
}

fn read_key_file(path: &Path) -> io::Result<Secret> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others may read the key file; make it 0600");
    }
    fs::read_to_string(path).map(Secret::new)
}

fn decode_key(text: &str, source: &KeySource) -> Result<[u8; KEY_BYTES], KeyError> {
    BASE64
        .decode(text.trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| KeyError::InvalidKey {
            key: source.clone(),
        })
}

/// Creates the key in a missing or empty file. If another process creates one first, returns that key.
///
/// The file gets its name only when its content is on the disk: after a power failure, half a key would
/// prevent every start. The empty file carries the lock that keeps other processes from creating a key.
fn create_key_file(path: &Path) -> io::Result<Secret> {
    loop {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        file.lock()?;
        // Another process was faster and has replaced the file.
        if !files::is_same_file(&file, path)? {
            continue;
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        if !text.is_empty() {
            return Ok(Secret::new(text));
        }
        let key: [u8; KEY_BYTES] = rand::random();
        let text = format!("{}\n", BASE64.encode(key));
        replace_file(&fs::canonicalize(path)?, text.as_bytes())?;
        return Ok(Secret::new(text));
    }
}

fn replace_file(path: &Path, key: &[u8]) -> io::Result<()> {
    let draft = files::append_suffix(path, ".new");
    // A killed start may have left it.
    files::remove_if_exists(&draft)?;
    let written = files::create_private(&draft)
        .and_then(|mut file| file.write_all(key).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path))
        .and_then(|()| files::sync_directory_of(path));
    written.inspect_err(|_| {
        // A leftover does no harm: the next call replaces it.
        let _ = files::remove_if_exists(&draft);
    })
}
