//! Output of commands: JSON for scripts or tables for people on standard output, and messages on standard error. A
//! closed output causes no panic.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use anyhow::Result;
use serde::Serialize;

use crate::kernel::ascii_json;

/// The error of writing to standard output.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct WriteError(io::Error);

impl WriteError {
    /// True if the reader closed the pipe, as `head` does.
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// Prints a text to standard output.
pub fn text(text: impl Display) -> Result<(), WriteError> {
    let mut out = io::stdout().lock();
    let printed = write!(out, "{text}").and_then(|()| out.flush());
    printed.map_err(WriteError)
}

/// Prints a line to standard output.
pub fn line(line: impl Display) -> Result<(), WriteError> {
    text(format_args!("{line}\n"))
}

/// Prints a line for people to standard error. Ignores a failure: nobody could read a report of it.
pub fn note(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints a value as one line of JSON. It is ASCII, like all output that is read line by line.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(ascii_json(&serde_json::to_string(value)?))?;
    Ok(())
}

/// Prints rows in columns under their headings.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Result<(), WriteError> {
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

/// Formats an optional value, with a dash for `None`.
pub fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
