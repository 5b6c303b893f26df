//! `parlance restore`: replaces the database with a backup.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::output;
use crate::{config::Loaded, store};

#[derive(Args)]
pub struct Restore {
    /// The backup to restore.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Move an existing database aside.
    #[arg(long)]
    overwrite: bool,
}

impl Restore {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let report = store::restore(&self.file, &loaded.config.store.path, self.overwrite)?;
        if json {
            output::json(&json!({
                "database": report.target,
                "bytes": report.bytes,
                "moved_to": report.moved_to,
            }))?;
        } else {
            output::line(report.target.display())?;
            if let Some(moved_to) = report.moved_to {
                output::note(format_args!(
                    "The previous database is now {}",
                    moved_to.display()
                ));
            }
            output::note("The key file stays as it is: it must be the one of the backup.");
        }
        Ok(ExitCode::SUCCESS)
    }
}
