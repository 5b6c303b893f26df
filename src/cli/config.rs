//! `parlance config`: shows the configuration.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;

use super::output;
use crate::config::{Loaded, list_settings};

#[derive(Subcommand)]
pub enum Config {
    /// Print each effective value and its source, with secrets masked.
    Show,
}

impl Config {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let Self::Show = self;
        let settings = list_settings(loaded);
        if json {
            output::json(&settings)?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<[String; 3]> = settings
            .into_iter()
            .map(|setting| {
                let value = match setting.value {
                    Value::Null => "-".to_owned(),
                    value => value.to_string(),
                };
                [setting.key, value, setting.source]
            })
            .collect();
        output::table(["SETTING", "VALUE", "SOURCE"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}
