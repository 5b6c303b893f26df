//! The log of a disk, read off what `strace -f -y -ttt` wrote: each change of a file or of a name in
//! one directory, and each synchronisation, with the times at which it began and ended.

use std::{collections::HashMap, path::Path};

use crate::trace::unescape;

/// Strings are shown as a whole. Calls that the log does not model are traced too, to be noticed.
pub const OPTIONS: [&str; 8] = [
    "-y",
    // Says when a process was killed.
    "-e",
    "signal=KILL",
    "-ttt",
    "-s",
    "140000",
    "-e",
    "trace=openat,creat,pwrite64,pwritev,pwritev2,write,writev,ftruncate,truncate,fsync,fdatasync,\
     rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,fallocate,sync_file_range,\
     copy_file_range,sendfile",
];

/// A call that has an effect on the directory. Names are those of files in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Opened for writing or made; `fresh` if the file must not be there before.
    Open {
        name: String,
        cut: bool,
    },
    Write {
        name: String,
        at: u64,
        bytes: Vec<u8>,
    },
    Length {
        name: String,
        length: u64,
    },
    Sync {
        name: String,
    },
    SyncDirectory,
    Rename {
        from: String,
        to: String,
    },
    Unlink {
        name: String,
    },
}

/// A call with the microseconds at which it began and ended. One that never ended was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    pub begun: u64,
    pub ended: u64,
    pub call: Call,
}

/// Reads the calls that concern `directory`.
pub fn read(trace: &str, directory: &Path) -> Vec<Timed> {
    let mut reader = Reader {
        directory: directory.to_str().expect("a path in UTF-8").to_owned(),
        places: HashMap::new(),
        unfinished: HashMap::new(),
        calls: Vec::new(),
    };
    for line in trace.lines() {
        reader.line(line);
    }
    // A write that a kill has interrupted may have reached the disk.
    for (_, (begun, text)) in std::mem::take(&mut reader.unfinished) {
        reader.call(begun, u64::MAX, &text, None);
    }
    reader.calls.sort_by_key(|timed| timed.begun);
    reader.calls
}

struct Reader {
    directory: String,
    /// Where `write` goes on, by the descriptor and path as the trace has them.
    places: HashMap<String, u64>,
    /// The calls that another thread's line stands in the middle of.
    unfinished: HashMap<String, (u64, String)>,
    calls: Vec<Timed>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let mut words = line.splitn(2, ' ');
        let (Some(thread), Some(rest)) = (words.next(), words.next()) else {
            return;
        };
        let Some((time, text)) = rest.trim_start().split_once(' ') else {
            return;
        };
        let Some(time) = microseconds(time) else {
            return;
        };
        let text = text.trim_start();
        if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
            if begun.contains(&self.directory) {
                let begun = (time, begun.to_owned());
                self.unfinished.insert(thread.to_owned(), begun);
            }
        } else if text.starts_with("<... ") {
            let Some((begun, first)) = self.unfinished.remove(thread) else {
                return;
            };
            let (_, rest) = text.split_once("resumed>").expect("the rest of a call");
            let whole = format!("{first}{rest}");
            self.whole(begun, time, &whole);
        } else if text.contains(&self.directory) {
            self.whole(time, time, text);
        }
    }

    fn whole(&mut self, begun: u64, ended: u64, text: &str) {
        let Some((call, result)) = text.rsplit_once(" = ") else {
            return;
        };
        let number: String = result
            .chars()
            .take_while(|c| *c == '-' || c.is_ascii_digit())
            .collect();
        match number.parse::<i64>() {
            Ok(number) if number >= 0 => {
                // The path of an opened descriptor follows its number.
                let text = if call.starts_with("openat(") {
                    text
                } else {
                    call
                };
                self.call(begun, ended, text, Some(number as u64));
            }
            // It failed, or the process ended in it.
            Ok(_) => {}
            Err(_) => self.call(begun, u64::MAX, call, None),
        }
    }

    /// Notes a call. Without a result, it may have had all of its effect or none.
    fn call(&mut self, begun: u64, ended: u64, text: &str, result: Option<u64>) {
        let Some((name, arguments)) = text.split_once('(') else {
            return;
        };
        let call = match name {
            "openat" => self.open(text),
            "pwrite64" => self.file(arguments).map(|(name, _)| {
                let (bytes, rest) = string(arguments);
                let numbers: Vec<u64> = numbers(rest);
                let count = result.unwrap_or(numbers[0]) as usize;
                assert!(
                    count <= bytes.len(),
                    "a write is cut off in the trace: {name}"
                );
                let bytes = bytes[..count].to_vec();
                Call::Write {
                    name,
                    at: numbers[1],
                    bytes,
                }
            }),
            "write" => self.file(arguments).map(|(name, descriptor)| {
                let (bytes, rest) = string(arguments);
                let count = result.unwrap_or(numbers(rest)[0]) as usize;
                let at = self.places.entry(descriptor).or_default();
                let call = Call::Write {
                    name,
                    at: *at,
                    bytes: bytes[..count].to_vec(),
                };
                *at += count as u64;
                call
            }),
            "ftruncate" => self.file(arguments).map(|(name, _)| {
                let (_, rest) = arguments.split_once(">, ").expect("a length");
                let length = rest.trim_end_matches([')', ' ']).parse().expect("a number");
                Call::Length { name, length }
            }),
            "fsync" | "fdatasync" if self.is_directory(arguments) => Some(Call::SyncDirectory),
            "fsync" | "fdatasync" => self.file(arguments).map(|(name, _)| Call::Sync { name }),
            "rename" | "renameat" | "renameat2" => self.two_names(arguments),
            "unlink" | "unlinkat" => {
                let name = self.names(arguments).into_iter().next();
                name.map(|name| Call::Unlink { name })
            }
            other => panic!("{other} is not modelled: {}", &text[..text.len().min(300)]),
        };
        if let Some(call) = call {
            self.calls.push(Timed { begun, ended, call });
        }
    }

    fn open(&mut self, text: &str) -> Option<Call> {
        let name = self.names(text).into_iter().next()?;
        let flags = text.rsplit_once('"')?.1;
        let (flags, descriptor) = flags.split_once(" = ").unwrap_or((flags, ""));
        self.places.insert(descriptor.to_owned(), 0);
        assert!(
            !flags.contains("O_APPEND"),
            "appending is not modelled: {text}"
        );
        let cut = flags.contains("O_TRUNC");
        let creates = flags.contains("O_CREAT") || cut;
        creates.then_some(Call::Open { name, cut })
    }

    /// The file of a descriptor, if it is one of the directory, and the descriptor as it is written.
    fn file(&self, arguments: &str) -> Option<(String, String)> {
        let end = arguments.find('>')?;
        let descriptor = &arguments[..=end];
        let (_, path) = descriptor.split_once('<')?;
        let name = path.strip_suffix('>')?.strip_prefix(&self.directory)?;
        let name = name.strip_prefix('/')?;
        // Nothing of a file without a name outlives the process.
        let named = !arguments[end..].starts_with("(deleted)") && !name.ends_with(" (deleted)");
        named.then(|| (name.to_owned(), descriptor.to_owned()))
    }

    fn is_directory(&self, arguments: &str) -> bool {
        arguments.contains(&format!("<{}>", self.directory))
    }

    /// The quoted paths in the directory, as names.
    fn names(&self, arguments: &str) -> Vec<String> {
        let prefix = format!("{}/", self.directory);
        let quoted = arguments.split('"').skip(1).step_by(2);
        quoted
            .filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned))
            .collect()
    }

    fn two_names(&self, arguments: &str) -> Option<Call> {
        let mut names = self.names(arguments).into_iter();
        match (names.next(), names.next()) {
            (Some(from), Some(to)) => Some(Call::Rename { from, to }),
            (None, None) => None,
            _ => panic!("a file leaves the directory or comes into it: {arguments}"),
        }
    }
}

fn microseconds(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000_000 + fraction.parse::<u64>().ok()?)
}

/// The bytes of the first quoted string, and what follows it.
fn string(arguments: &str) -> (Vec<u8>, &str) {
    let start = arguments.find('"').expect("a string") + 1;
    let bytes = arguments.as_bytes();
    let mut end = start;
    while bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let rest = &arguments[end + 1..];
    assert!(!rest.starts_with("..."), "a string is cut off in the trace");
    (unescape(&arguments[start..end]), rest)
}

fn numbers(rest: &str) -> Vec<u64> {
    rest.split([',', ' ', ')'])
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_with_their_files_and_times() {
        let trace = r#"
7 1700000000.000001 openat(AT_FDCWD</d>, "/d/p.db-wal", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 9</d/p.db-wal>
7 1700000000.000002 pwrite64(9</d/p.db-wal>, "a\0\"b", 4, 24 <unfinished ...>
8 1700000000.000003 fdatasync(9</d/p.db-wal>) = 0
7 1700000000.000004 <... pwrite64 resumed>) = 4
8 1700000000.000005 pwrite64(9</d/p.db-wal>, "lost", 4, 0) = -1 EIO (Input/output error)
8 1700000000.000006 fsync(10</d>) = 0
8 1700000000.000007 rename("/d/p.db.new", "/d/p.db") = 0
8 1700000000.000008 write(2</dev/pts/0>, "/d/", 3) = 3
8 1700000000.000009 unlink("/d/p.db-wal") = ?
8 1700000000.000010 +++ killed by SIGKILL +++"#;
        let read = read(trace, Path::new("/d"));
        let at = |micros: u64| 1_700_000_000_000_000 + micros;
        let name = || "p.db-wal".to_owned();
        let timed = |begun, ended, call| Timed { begun, ended, call };
        let write = Call::Write {
            name: name(),
            at: 24,
            bytes: b"a\0\"b".to_vec(),
        };
        let rename = Call::Rename {
            from: "p.db.new".to_owned(),
            to: "p.db".to_owned(),
        };
        assert_eq!(
            read,
            [
                timed(
                    at(1),
                    at(1),
                    Call::Open {
                        name: name(),
                        cut: false
                    }
                ),
                timed(at(2), at(4), write),
                timed(at(3), at(3), Call::Sync { name: name() }),
                timed(at(6), at(6), Call::SyncDirectory),
                timed(at(7), at(7), rename),
                timed(at(9), u64::MAX, Call::Unlink { name: name() }),
            ]
        );
    }
}
