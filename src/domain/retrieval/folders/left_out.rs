//! Files that a folder has and that cannot be found, and why.

use std::collections::HashSet;

use tracing::warn;

/// The most that are kept of a folder; the others are counted.
const KEPT: usize = 1_000;
/// The most that are logged by name at once.
const LOGGED: usize = 20;

/// A file that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeftOut {
    /// The file, below the folder.
    pub path: String,
    /// Why, in words.
    pub reason: String,
}

/// A trouble that comparisons meet again and again: it is told of once.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Option<String>);

impl Trouble {
    /// The trouble that there is now, if it is another than before.
    pub(super) fn news(&mut self, now: Option<String>) -> Option<&str> {
        let is_new = self.0 != now;
        self.0 = now;
        self.0.as_deref().filter(|_| is_new)
    }
}

/// The files of a folder that are left out, as far as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllLeftOut {
    /// By their paths.
    pub files: Vec<LeftOut>,
    /// How many there are besides.
    pub more: usize,
}

impl AllLeftOut {
    pub(super) fn add(&mut self, path: String, reason: String) {
        if self.files.len() < KEPT {
            self.files.push(LeftOut { path, reason });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn extend(&mut self, others: Vec<LeftOut>) {
        for other in others {
            self.add(other.path, other.reason);
        }
        self.files.sort();
    }

    /// Names those that were not left out `before`, once each.
    pub(super) fn log(&self, folder: &str, before: Option<&Self>) {
        let known: HashSet<&LeftOut> = before.iter().flat_map(|before| &before.files).collect();
        let new: Vec<&LeftOut> = self
            .files
            .iter()
            .filter(|file| !known.contains(file))
            .collect();
        for file in new.iter().take(LOGGED) {
            let (path, reason) = (&file.path, &file.reason);
            warn!(folder, path, reason, "a file is left out");
        }
        let more_before = before.map_or(0, |before| before.more);
        let more = new.len().saturating_sub(LOGGED) + self.more.saturating_sub(more_before);
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
    fn a_trouble_is_told_of_once_and_again_after_it_was_gone() {
        let mut trouble = Trouble::default();
        let mut told = |now: Option<&str>| trouble.news(now.map(str::to_owned)).map(str::to_owned);
        assert_eq!(told(None), None);
        assert_eq!(told(Some("no folder")).as_deref(), Some("no folder"));
        assert_eq!(told(Some("no folder")), None);
        assert_eq!(told(Some("no right")).as_deref(), Some("no right"));
        assert_eq!(told(None), None);
        assert_eq!(told(Some("no right")).as_deref(), Some("no right"));
    }
}
