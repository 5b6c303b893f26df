//! Output of commands: on standard output JSON for scripts and tables for people, on standard error
//! notes. Nothing here panics where the other end is gone.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use anyhow::Result;
use serde::Serialize;

use crate::kernel::ascii_json;

/// Standard output does not take what is printed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct Unprinted(io::Error);

impl Unprinted {
    /// True if the other end has read all it wanted, as `head` does.
    pub fn is_closed(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// Prints a text.
pub fn text(text: impl Display) -> Result<(), Unprinted> {
    let mut out = io::stdout().lock();
    let printed = write!(out, "{text}").and_then(|()| out.flush());
    printed.map_err(Unprinted)
}

/// Prints a line.
pub fn line(line: impl Display) -> Result<(), Unprinted> {
    text(format_args!("{line}\n"))
}

/// Prints a line for people on standard error. If that is gone, nobody is there to miss it.
pub fn note(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints a value as one line of JSON, in ASCII as all that is read line by line.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(ascii_json(&serde_json::to_string(value)?))?;
    Ok(())
}

/// Prints rows under their headings, in columns.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Result<(), Unprinted> {
    let headings = headings.map(str::to_owned);
    let all: Vec<&[String; N]> = std::iter::once(&headings).chain(rows).collect();
    let mut widths = [0; N];
    for row in &all {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut lines = String::new();
    for row in all {
        let line: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        lines.push_str(line.join("  ").trim_end());
        lines.push('\n');
    }
    text(lines)
}

/// The text of something that may be absent.
pub fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
