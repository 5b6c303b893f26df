//! `parlance check`: checks the integrity of the database and the readability of its secrets.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::{
        bots::index_check,
        tenancy::sealed_columns::{self, UnreadableValues},
    },
    store::{self, CheckReport, Sealer},
};

pub fn run(loaded: &Loaded, json: bool) -> Result<ExitCode> {
    let database = Database::open(loaded)?;
    let mut report = database.store.read(store::check)?;
    // In a damaged file, these rows may be unreadable; print the report anyway.
    match database.store.read(index_check::find_faults) {
        Ok(faults) => report.damage.extend(faults),
        Err(error) if report.is_sound() => return Err(error.into()),
        Err(_) => {}
    }
    let unreadable = match unreadable_secrets(&database, loaded) {
        Ok(found) => Some(found),
        Err(error) if report.is_sound() => return Err(error),
        Err(_) => None,
    };
    let readable = unreadable.as_ref().map(|found| found.count() == 0);
    let sound = report.is_sound() && readable == Some(true);
    let printed = if json {
        print_json(&report, unreadable.as_ref(), sound)
    } else {
        print_text(&report, unreadable.as_ref())
    };
    if !sound {
        // Exit with failure even if the reader closed the pipe early.
        return Ok(ExitCode::FAILURE);
    }
    printed.map(|()| ExitCode::SUCCESS)
}

fn print_json(
    report: &CheckReport,
    unreadable: Option<&UnreadableValues>,
    sound: bool,
) -> Result<()> {
    let named = unreadable.map(|found| {
        let named = found.listed.iter().map(ToString::to_string);
        named.collect::<Vec<_>>()
    });
    output::json(&json!({
        "sound": sound,
        "problems": report.to_string(),
        "unreadable_secrets": named,
        "more_unreadable_secrets": unreadable.map(|found| found.unlisted),
    }))
}

fn print_text(report: &CheckReport, unreadable: Option<&UnreadableValues>) -> Result<()> {
    let mut text = report.to_string();
    match unreadable {
        None => text.push_str("\nthe secrets cannot be checked"),
        Some(found) if found.count() == 0 => text.push_str("\nevery secret can be read"),
        Some(found) => {
            text.push_str(&format!("\n{} secrets cannot be read:", found.count()));
            for value in &found.listed {
                text.push_str(&format!("\n  {value}"));
            }
            if found.unlisted > 0 {
                text.push_str(&format!("\n  and {} more", found.unlisted));
            }
        }
    }
    Ok(output::line(text)?)
}

/// Finds the secrets that the sealing key cannot decrypt.
fn unreadable_secrets(database: &Database, loaded: &Loaded) -> Result<UnreadableValues> {
    let sealer = Sealer::load_existing(&database.store, &loaded.config.seal)?;
    let found = database
        .store
        .read(|conn| sealed_columns::find_unreadable(conn, sealer.as_ref()))?;
    Ok(found)
}
