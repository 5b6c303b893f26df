//! Reading a trace of system calls: was every answer preceded by the synchronisation of its commit?

use std::collections::HashMap;

/// What the check needs of a trace, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A frame of the log was written; the last one of a commit says so.
    Frame { text: String, commits: bool },
    /// A synchronisation of the log began in a thread …
    SyncBegins { thread: u32 },
    /// … and ended, successfully or not.
    SyncEnds { thread: u32, done: bool },
    /// Something began to be sent to a client.
    Sent { text: String },
}

/// The events in what `strace -f -y -o` wrote.
pub fn events(trace: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut header_commits = false;
    // The calls that another thread's line stands in the middle of.
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(thread) = thread.parse::<u32>() else {
            continue;
        };
        let rest = rest.trim_start();
        let resumed = rest.starts_with("<... ");
        if !resumed {
            begins(thread, rest, &mut events);
        }
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, begun.to_owned());
            continue;
        }
        let begun = if resumed {
            unfinished.remove(&thread)
        } else {
            Some(rest.to_owned())
        };
        if let Some(begun) = begun {
            ends(thread, &begun, rest, &mut header_commits, &mut events);
        }
    }
    events
}

fn begins(thread: u32, call: &str, events: &mut Vec<Event>) {
    if is_sync_of_log(call) {
        events.push(Event::SyncBegins { thread });
    } else if ["sendto(", "write(", "writev(", "sendmsg("]
        .iter()
        .any(|name| call.starts_with(name))
        && call.contains("<socket:")
    {
        events.push(Event::Sent {
            text: call.to_owned(),
        });
    }
}

fn ends(thread: u32, call: &str, end: &str, header_commits: &mut bool, events: &mut Vec<Event>) {
    let result = end.rsplit_once(" = ").map_or("", |(_, result)| result);
    if is_sync_of_log(call) {
        let done = result == "0";
        events.push(Event::SyncEnds { thread, done });
    } else if call.starts_with("pwrite64(") && call.contains("-wal>") {
        match result {
            FRAME_HEADER => *header_commits = commits(call),
            LOG_HEADER => {}
            _ => events.push(Event::Frame {
                text: call.to_owned(),
                commits: std::mem::take(header_commits),
            }),
        }
    }
}

fn is_sync_of_log(call: &str) -> bool {
    (call.starts_with("fsync(") || call.starts_with("fdatasync(")) && call.contains("-wal>")
}

/// The number of bytes written, which tells the parts of SQLite's log apart.
const LOG_HEADER: &str = "32";
const FRAME_HEADER: &str = "24";

/// Whether a frame's header marks the end of a commit: then its second number, the size of the
/// database, is not 0.
fn commits(call: &str) -> bool {
    let text = call.split('"').nth(1).unwrap_or_default();
    let bytes = unescape(text);
    bytes.len() >= 8 && bytes[4..8] != [0; 4]
}

/// The bytes that a string of C stands for.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let octal = rest
            .iter()
            .take(3)
            .take_while(|byte| (b'0'..=b'7').contains(byte))
            .count();
        if octal > 0 {
            let value = rest[..octal]
                .iter()
                .fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            bytes.push(value as u8);
            rest = &rest[octal..];
        } else if let Some((&letter, after)) = rest.split_first() {
            bytes.push(match letter {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'v' => 0x0B,
                b'f' => 0x0C,
                other => other,
            });
            rest = after;
        }
    }
    bytes
}

/// That the answer which names `mark` was sent only after the commit which stores `mark` had been
/// written to the log and a synchronisation that began after that had ended.
pub fn durable_before_answered(events: &[Event], mark: &str) -> Result<(), String> {
    let answered = events
        .iter()
        .position(|event| matches!(event, Event::Sent { text } if text.contains(mark)))
        .ok_or_else(|| format!("{mark}: no answer in the trace"))?;
    let before = &events[..answered];
    let stored = before
        .iter()
        .position(|event| matches!(event, Event::Frame { text, .. } if text.contains(mark)))
        .ok_or_else(|| format!("{mark}: answered before it was written"))?;
    let committed = before[stored..]
        .iter()
        .position(|event| matches!(event, Event::Frame { commits: true, .. }))
        .ok_or_else(|| format!("{mark}: answered before it was committed"))?;
    let mut syncing = Vec::new();
    for event in &before[stored + committed + 1..] {
        match event {
            Event::SyncBegins { thread } => syncing.push(*thread),
            Event::SyncEnds { thread, done: true } if syncing.contains(thread) => return Ok(()),
            _ => {}
        }
    }
    Err(format!("{mark}: answered before it was synchronised"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"7 pwrite64(9</d/p.db-wal>, "\0\0\0\37\0\0\0\37\361", 24, 0) = 24"#;
    const PAGE: &str = r#"7 pwrite64(9</d/p.db-wal>, "\0mark-1\0", 4096, 24) = 4096"#;
    const SYNC: &str = "7 fsync(9</d/p.db-wal>) = 0";
    const ANSWER: &str = r#"8 sendto(4<socket:[1]>, "HTTP/1.1 200 OK mark-1", 22) = 22"#;

    fn judge(lines: &[&str]) -> Result<(), String> {
        durable_before_answered(&events(&lines.join("\n")), "mark-1")
    }

    #[test]
    fn the_order_decides() {
        assert_eq!(judge(&[HEADER, PAGE, SYNC, ANSWER]), Ok(()));
        assert!(judge(&[HEADER, PAGE, ANSWER, SYNC]).is_err());
        assert!(judge(&[SYNC, HEADER, PAGE, ANSWER]).is_err());
        assert!(judge(&[HEADER, SYNC, ANSWER, PAGE]).is_err());
        let middle = HEADER.replace(r"\0\0\0\37\361", r"\0\0\0\0\361");
        assert!(judge(&[&middle, PAGE, SYNC, ANSWER]).is_err(), "no commit");
    }

    #[test]
    fn a_synchronisation_counts_once_it_has_ended_well() {
        let (begun, done) = (
            "7 fsync(9</d/p.db-wal> <unfinished ...>",
            "7 <... fsync resumed>) = 0",
        );
        assert_eq!(judge(&[HEADER, PAGE, begun, done, ANSWER]), Ok(()));
        assert!(judge(&[HEADER, PAGE, begun, ANSWER, done]).is_err());
        assert!(
            judge(&[begun, HEADER, PAGE, done, ANSWER]).is_err(),
            "too early"
        );
        let failed = "7 fsync(9</d/p.db-wal>) = -1 EIO (Input/output error) (INJECTED)";
        assert!(judge(&[HEADER, PAGE, failed, ANSWER]).is_err());
        let another = SYNC.replace("p.db-wal", "p.db");
        assert!(judge(&[HEADER, PAGE, &another, ANSWER]).is_err());
    }
}
