//! Limits the length of the write-ahead log: by the settings, and by the free space of the disk, because the
//! log's pages must also fit into the database.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Settings, files};

/// Bytes of a page with its header in the log.
const PAGE_BYTES: u64 = 4096 + 24;
/// Minimum number of pages that start a checkpoint.
const MIN_PAGES: u32 = 64;
/// Divisor of the free space that gives the log's share. Both the log and the database grow during a checkpoint.
const DISK_SHARE_DIVISOR: u64 = 4;

/// The disk of a database.
pub(super) struct LogLimit {
    directory: PathBuf,
    log: PathBuf,
    max_pages: u32,
}

impl LogLimit {
    pub(super) fn new(path: &Path, settings: &Settings) -> Self {
        Self {
            directory: path.parent().map(Path::to_owned).unwrap_or_default(),
            log: files::append_suffix(path, "-wal"),
            max_pages: bytes_to_pages(settings.log_bytes),
        }
    }

    /// Length of the log, in pages, that starts a checkpoint.
    pub(super) fn checkpoint_pages(&self) -> u32 {
        match self.available_bytes() {
            Some(bytes) => self
                .max_pages
                .min(bytes_to_pages(bytes / DISK_SHARE_DIVISOR)),
            None => self.max_pages,
        }
    }

    /// True if the free space is too small for the log and the database to grow to the configured limit.
    pub(super) fn is_disk_low(&self) -> bool {
        self.checkpoint_pages() < self.max_pages
    }

    /// Returns the bytes that the log may use: the free space and its current size.
    fn available_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.directory).ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let log = fs::metadata(&self.log).map_or(0, |log| log.len());
        Some(free.saturating_add(log))
    }
}

/// Converts bytes to pages of the log, at least the minimum.
pub(super) fn bytes_to_pages(bytes: u64) -> u32 {
    let pages = u32::try_from(bytes / PAGE_BYTES).unwrap_or(u32::MAX);
    pages.max(MIN_PAGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_as_long_as_the_settings_say_where_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let settings = |log_bytes| Settings {
            log_bytes,
            ..Settings::default()
        };
        let log_limit = LogLimit::new(&path, &settings(1024 * 1024));
        assert_eq!(log_limit.checkpoint_pages(), 254);
        assert!(!log_limit.is_disk_low());
        // No disk is that large.
        let log_limit = LogLimit::new(&path, &settings(u64::MAX));
        assert!(log_limit.is_disk_low());
        assert!(log_limit.checkpoint_pages() >= MIN_PAGES);
        assert_eq!(
            LogLimit::new(&path, &settings(0)).checkpoint_pages(),
            MIN_PAGES
        );
    }
}
