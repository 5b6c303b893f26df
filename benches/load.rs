//! `cargo bench --bench load`: what the server does under load, against a bare control server of
//! the same framework in the same run.
//!
//! It measures and never judges by its exit code: a target that is missed is a line of the report.
//! The settings are environment variables, see `load/settings.rs`. What is measured of a dialect is
//! one file, a [`load::suite::Suite`], and its name in the list of `load/run.rs`.

#![expect(
    clippy::disallowed_methods,
    reason = "a measurement takes the real time; the product's clock can be moved"
)]

mod load {
    pub mod ada;
    pub mod admin;
    pub mod aloochat;
    pub mod botpress;
    pub mod client;
    pub mod cohere;
    pub mod control;
    pub mod disk;
    pub mod files;
    pub mod neighbours;
    pub mod pages;
    pub mod phase;
    pub mod process;
    pub mod receiver;
    pub mod report;
    pub mod requests;
    pub mod run;
    pub mod runtime;
    pub mod settings;
    pub mod suite;
    pub mod tables;
    pub mod webhooks;
    pub mod workflows;
}

use anyhow::{Context, Result};
use load::{control, run, settings::Settings};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    // Cargo passes `--bench`; only this program itself passes the control's argument.
    if let [_, first] = arguments.as_slice()
        && first == control::ARGUMENT
    {
        return control::serve();
    }
    let settings = Settings::from_environment()?;
    let report = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?
        .block_on(run::all(&settings))?;
    println!("{report}");
    Ok(())
}
