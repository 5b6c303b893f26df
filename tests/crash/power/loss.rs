//! The effect of a power failure on one change that is not synchronised.

use rand::{RngExt, rngs::StdRng};

/// The part of a write that a disk does as a whole.
const SECTOR: u64 = 512;

/// The fate of changes that are not synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All of them are there: only the process is gone.
    Nothing,
    /// None of them is there.
    All,
    /// Those until a moment are there, those after it are not, and one is torn.
    Rest,
    /// Each has a fate of its own.
    Random,
    /// Each is zeroes.
    Zeroes,
}

impl Loss {
    pub const ALL: [Self; 5] = [
        Self::Nothing,
        Self::All,
        Self::Rest,
        Self::Random,
        Self::Zeroes,
    ];
}

/// The fate of one change.
#[derive(Clone, Copy)]
pub enum Fate {
    Kept,
    Dropped,
    Torn,
    Zeroed,
}

/// A change of a file's content.
pub enum Content {
    Bytes { at: u64, bytes: Vec<u8> },
    Length(u64),
}

/// Any fate.
pub fn random_fate(rng: &mut StdRng) -> Fate {
    match rng.random_range(0..10) {
        0..4 => Fate::Kept,
        4..7 => Fate::Dropped,
        7..9 => Fate::Torn,
        _ => Fate::Zeroed,
    }
}

impl Content {
    /// Changes a file as far as the fate lets it.
    pub fn apply(&self, file: &mut Vec<u8>, fate: Fate, rng: &mut StdRng) {
        match (self, fate) {
            (Self::Length(length), Fate::Kept | Fate::Zeroed) => file.resize(*length as usize, 0),
            (Self::Length(length), Fate::Torn) if rng.random_bool(0.5) => {
                file.resize(*length as usize, 0);
            }
            (Self::Length(_), _) => {}
            (Self::Bytes { at, bytes }, fate) => write(file, *at, bytes, fate, rng),
        }
    }
}

fn write(file: &mut Vec<u8>, at: u64, bytes: &[u8], fate: Fate, rng: &mut StdRng) {
    let end = at as usize + bytes.len();
    if matches!(fate, Fate::Dropped) {
        // The length may be on the disk before what the file has there.
        if file.len() < end && rng.random_bool(0.3) {
            file.resize(end, 0);
        }
        return;
    }
    let mut from = 0;
    while from < bytes.len() {
        let place = at as usize + from;
        let left = (SECTOR - place as u64 % SECTOR) as usize;
        let until = bytes.len().min(from + left);
        let zeroes = vec![0; until - from];
        let new = match fate {
            Fate::Kept => Some(&bytes[from..until]),
            Fate::Zeroed => Some(&zeroes[..]),
            _ => match rng.random_range(0..9) {
                0..4 => Some(&bytes[from..until]),
                4..8 => None,
                _ => Some(&zeroes[..]),
            },
        };
        if let Some(new) = new {
            let stop = place + new.len();
            if file.len() < stop {
                file.resize(stop, 0);
            }
            file[place..stop].copy_from_slice(new);
        }
        from = until;
    }
}
