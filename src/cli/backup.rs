//! `parlance backup`: writes a consistent copy of the database.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::output;
use crate::{config::Loaded, store};

#[derive(Args)]
pub struct Backup {
    /// The file to write.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    overwrite: bool,
}

impl Backup {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let report = store::backup(&loaded.config.store.path, &self.file, self.overwrite)?;
        if json {
            output::json(&json!({"file": report.target, "bytes": report.bytes}))?;
        } else {
            output::line(report.target.display())?;
            output::note(format_args!(
                "{} bytes, checked. The sealing key is not in it: keep a copy of the key file, \
                 elsewhere.",
                report.bytes
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}
