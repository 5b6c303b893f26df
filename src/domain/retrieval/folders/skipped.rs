//! Files of a folder that are skipped and therefore not searchable, with the reasons.

use std::collections::HashSet;

use tracing::warn;

/// Maximum number of files listed for a folder; further files are only counted.
const LISTED_MAX: usize = 1_000;
/// Maximum number of files logged by name at once.
const LOGGED_MAX: usize = 20;

/// A skipped file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SkippedFile {
    /// Path of the file, relative to the folder.
    pub path: String,
    /// Reason, as a message.
    pub reason: String,
}

/// A problem that many scans meet. It is reported once.
#[derive(Debug, Clone, Default)]
pub(super) struct LastProblem(Option<String>);

impl LastProblem {
    /// Stores the current problem. Returns it if it differs from the previous one.
    pub(super) fn update(&mut self, now: Option<String>) -> Option<&str> {
        let is_new = self.0 != now;
        self.0 = now;
        self.0.as_deref().filter(|_| is_new)
    }
}

/// The skipped files of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkippedFiles {
    /// The listed files, ordered by path.
    pub files: Vec<SkippedFile>,
    /// Number of files that are not listed.
    pub unlisted: usize,
}

impl SkippedFiles {
    pub(super) fn add(&mut self, path: String, reason: String) {
        if self.files.len() < LISTED_MAX {
            self.files.push(SkippedFile { path, reason });
        } else {
            self.unlisted += 1;
        }
    }

    pub(super) fn extend(&mut self, others: Vec<SkippedFile>) {
        for other in others {
            self.add(other.path, other.reason);
        }
        self.files.sort();
    }

    /// Logs the files that were not skipped `before`, once each.
    pub(super) fn log(&self, folder: &str, before: Option<&Self>) {
        let known: HashSet<&SkippedFile> = before.iter().flat_map(|before| &before.files).collect();
        let new: Vec<&SkippedFile> = self
            .files
            .iter()
            .filter(|file| !known.contains(file))
            .collect();
        for file in new.iter().take(LOGGED_MAX) {
            let (path, reason) = (&file.path, &file.reason);
            warn!(folder, path, reason, "a file is left out");
        }
        let more_before = before.map_or(0, |before| before.unlisted);
        let more = new.len().saturating_sub(LOGGED_MAX) + self.unlisted.saturating_sub(more_before);
        if more > 0 {
            warn!(
                folder,
                more, "more files are left out; the console lists them"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_reported_once_and_again_after_it_was_gone() {
        let mut last_problem = LastProblem::default();
        let mut update = |now: Option<&str>| {
            last_problem
                .update(now.map(str::to_owned))
                .map(str::to_owned)
        };
        assert_eq!(update(None), None);
        assert_eq!(update(Some("no folder")).as_deref(), Some("no folder"));
        assert_eq!(update(Some("no folder")), None);
        assert_eq!(update(Some("no right")).as_deref(), Some("no right"));
        assert_eq!(update(None), None);
        assert_eq!(update(Some("no right")).as_deref(), Some("no right"));
    }
}
