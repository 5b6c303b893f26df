//! What commands print on standard output: JSON for scripts, tables for people.

use anyhow::Result;
use serde::Serialize;

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// Prints rows under their headings, in columns.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) {
    let headings = headings.map(str::to_owned);
    let all: Vec<&[String; N]> = std::iter::once(&headings).chain(rows).collect();
    let mut widths = [0; N];
    for row in &all {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in all {
        let line: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", line.join("  ").trim_end());
    }
}

/// The text of something that may be absent.
pub fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
