//! A disk that loses its power: the files that result from a log of changes.
//!
//! A change is on the disk once a synchronisation that began after it has ended. Every other change that
//! had begun may be there, or not, or in part: the image of a file has each of them kept, left out, torn
//! at sectors or zeroed, whatever came before or after it. Names are on the disk once the directory is
//! synchronised; of the changes of names that are not, the first few are there.

use std::collections::BTreeMap;

use rand::{RngExt, rngs::StdRng};

use super::{
    log::{Call, Timed},
    loss::{Content, Fate, Loss, random_fate},
};

/// The files of a directory by their names.
pub type Image = BTreeMap<String, Vec<u8>>;

/// Everything that happened to a directory that was empty at first.
pub struct Disk {
    files: Vec<File>,
    names: Vec<Change<Naming>>,
    directory_syncs: Vec<(u64, u64)>,
    /// Synchronisations that begin from now on do nothing: a disk that lies.
    lies_from: u64,
}

/// A file under whatever name.
#[derive(Default)]
struct File {
    changes: Vec<Change<Content>>,
    syncs: Vec<(u64, u64)>,
}

struct Change<T> {
    begun: u64,
    ended: u64,
    what: T,
}

enum Naming {
    Make { name: String, file: usize },
    Rename { from: String, to: String },
    Unlink { name: String },
}

impl Disk {
    pub fn of(log: Vec<Timed>) -> Self {
        let mut disk = Self {
            files: Vec::new(),
            names: Vec::new(),
            directory_syncs: Vec::new(),
            lies_from: u64::MAX,
        };
        let mut open: BTreeMap<String, usize> = BTreeMap::new();
        for Timed { begun, ended, call } in log {
            let naming = |what| Change { begun, ended, what };
            match call {
                Call::Open { name, cut } => {
                    let file = *open.entry(name.clone()).or_insert_with(|| {
                        disk.files.push(File::default());
                        let file = disk.files.len() - 1;
                        disk.names.push(naming(Naming::Make { name, file }));
                        file
                    });
                    if cut {
                        disk.files[file].change(begun, ended, Content::Length(0));
                    }
                }
                Call::Write { name, at, bytes } => {
                    disk.file(&open, &name)
                        .change(begun, ended, Content::Bytes { at, bytes });
                }
                Call::Length { name, length } => {
                    disk.file(&open, &name)
                        .change(begun, ended, Content::Length(length));
                }
                Call::Sync { name } => disk.file(&open, &name).syncs.push((begun, ended)),
                Call::SyncDirectory => disk.directory_syncs.push((begun, ended)),
                Call::Rename { from, to } => {
                    let file = open.remove(&from).expect("a file that was made");
                    open.insert(to.clone(), file);
                    disk.names.push(naming(Naming::Rename { from, to }));
                }
                Call::Unlink { name } => {
                    open.remove(&name);
                    disk.names.push(naming(Naming::Unlink { name }));
                }
            }
        }
        disk
    }

    fn file(&mut self, open: &BTreeMap<String, usize>, name: &str) -> &mut File {
        let file = open
            .get(name)
            .unwrap_or_else(|| panic!("{name} was not made"));
        &mut self.files[*file]
    }

    /// Has synchronisations from this moment on do nothing.
    pub fn lies_from(&mut self, moment: u64) {
        self.lies_from = moment;
    }

    /// The moments at which a file that was made under this name was written, with the place in the file.
    pub fn writes_of(&self, made_as: &str) -> Vec<(u64, u64)> {
        let made = self.names.iter().filter_map(|change| match &change.what {
            Naming::Make { name, file } if name == made_as => Some(&self.files[*file]),
            _ => None,
        });
        let contents = made.flat_map(|file| &file.changes);
        let writes = contents.filter_map(|change| match change.what {
            Content::Bytes { at, .. } => Some((change.begun, at)),
            Content::Length(_) => None,
        });
        writes.collect()
    }

    /// The moments at which a change began.
    pub fn moments(&self) -> Vec<u64> {
        let contents = self.files.iter().flat_map(|file| &file.changes);
        let contents = contents.map(|change| change.begun);
        let mut all: Vec<u64> = contents
            .chain(self.names.iter().map(|change| change.begun))
            .collect();
        all.sort_unstable();
        all
    }

    /// The moment of the last change that is durable among those that began until `cut`.
    fn durable(&self, syncs: &[(u64, u64)], cut: u64) -> u64 {
        let done = syncs
            .iter()
            .filter(|(begun, ended)| *ended <= cut && *begun < self.lies_from);
        done.map(|(begun, _)| *begun).max().unwrap_or(0)
    }

    /// The files that there are when the power has failed at `cut`.
    pub fn image(&self, cut: u64, loss: Loss, rng: &mut StdRng) -> Image {
        let durable = self.durable(&self.directory_syncs, cut);
        let begun: Vec<_> = self
            .names
            .iter()
            .filter(|change| change.begun <= cut)
            .collect();
        let unsure = begun.iter().filter(|change| change.ended > durable).count();
        let there = begun.len() - unsure
            + match loss {
                Loss::Nothing => unsure,
                Loss::All => 0,
                _ => rng.random_range(0..=unsure),
            };
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for change in &begun[..there] {
            match &change.what {
                Naming::Make { name, file } => {
                    names.insert(name, *file);
                }
                Naming::Rename { from, to } => {
                    let file = names.remove(from.as_str());
                    names.insert(to, file.expect("a file that was made"));
                }
                Naming::Unlink { name } => {
                    names.remove(name.as_str());
                }
            }
        }
        let files = names.into_iter().map(|(name, file)| {
            let file = &self.files[file];
            let durable = self.durable(&file.syncs, cut);
            (name.to_owned(), file.image(cut, durable, loss, rng))
        });
        files.collect()
    }
}

impl File {
    fn change(&mut self, begun: u64, ended: u64, what: Content) {
        self.changes.push(Change { begun, ended, what });
    }

    fn image(&self, cut: u64, durable: u64, loss: Loss, rng: &mut StdRng) -> Vec<u8> {
        let begun = self.changes.iter().filter(|change| change.begun <= cut);
        let unsure = begun
            .clone()
            .filter(|change| change.ended > durable)
            .count();
        let torn_at = rng.random_range(0..=unsure);
        let mut number = 0;
        let mut bytes = Vec::new();
        for change in begun {
            let fate = if change.ended <= durable {
                Fate::Kept
            } else {
                number += 1;
                match loss {
                    Loss::Nothing => Fate::Kept,
                    Loss::All => Fate::Dropped,
                    Loss::Rest if number == torn_at => Fate::Torn,
                    Loss::Rest if number < torn_at => Fate::Kept,
                    Loss::Rest => Fate::Dropped,
                    Loss::Random => random_fate(rng),
                    Loss::Zeroes => Fate::Zeroed,
                }
            };
            change.what.apply(&mut bytes, fate, rng);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn timed(begun: u64, ended: u64, call: Call) -> Timed {
        Timed { begun, ended, call }
    }

    fn write(begun: u64, byte: u8) -> Timed {
        let call = Call::Write {
            name: "a.new".to_owned(),
            at: 0,
            bytes: vec![byte; 1024],
        };
        timed(begun, begun + 1, call)
    }

    /// A draft that is written, synchronised, named, and written again under its new name.
    fn disk() -> Disk {
        let name = || "a.new".to_owned();
        Disk::of(vec![
            timed(
                1,
                1,
                Call::Open {
                    name: name(),
                    cut: false,
                },
            ),
            write(2, b'x'),
            timed(4, 6, Call::Sync { name: name() }),
            timed(
                7,
                7,
                Call::Rename {
                    from: name(),
                    to: "a".to_owned(),
                },
            ),
            timed(8, 9, Call::SyncDirectory),
            timed(
                10,
                11,
                Call::Write {
                    name: "a".to_owned(),
                    at: 0,
                    bytes: vec![b'y'; 1024],
                },
            ),
        ])
    }

    fn image(cut: u64, loss: Loss) -> Image {
        disk().image(cut, loss, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn what_is_synchronised_is_there_whatever_is_lost() {
        for loss in Loss::ALL {
            let there = image(9, loss);
            assert_eq!(
                there,
                Image::from([("a".to_owned(), vec![b'x'; 1024])]),
                "{loss:?}"
            );
        }
    }

    #[test]
    fn what_is_not_may_be_lost() {
        assert_eq!(image(3, Loss::All), Image::new(), "no name yet");
        assert_eq!(image(3, Loss::Nothing)["a.new"], vec![b'x'; 1024]);
        // The synchronisation has begun, and not ended.
        assert_eq!(
            image(5, Loss::Zeroes)
                .get("a.new")
                .map_or(0, |bytes| bytes[0]),
            0
        );
        assert_eq!(image(10, Loss::All)["a"], vec![b'x'; 1024]);
        assert_eq!(image(10, Loss::Zeroes)["a"], vec![0; 1024]);
        let mut rng = StdRng::seed_from_u64(1);
        let halves = (0..50).filter(|_| {
            let there = disk().image(10, Loss::Rest, &mut rng);
            there["a"][0] != there["a"][1023]
        });
        assert!(
            halves.count() > 0,
            "a write can be torn between its sectors"
        );
    }

    #[test]
    fn a_disk_that_lies_loses_what_it_has_acknowledged() {
        let mut disk = disk();
        disk.lies_from(4);
        let there = disk.image(9, Loss::All, &mut StdRng::seed_from_u64(1));
        assert_eq!(there, Image::new());
    }
}
