//! `parlance check`: is the database sound, and can its secrets be read?

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::{service_integrations, webhooks},
    store::{self, Sealer},
};

pub fn run(loaded: &Loaded, json: bool) -> Result<ExitCode> {
    let database = Database::open(loaded)?;
    let report = database.store.read(store::check)?;
    let sealer = Sealer::of(&database.store, &loaded.config.seal);
    let sealer = database.runtime.block_on(sealer)?;
    let unreadable = database
        .store
        .read(|conn| service_integrations::unreadable(conn, &sealer))?;
    let endpoints = database
        .store
        .read(|conn| webhooks::unreadable(conn, &sealer))?;
    let sound = report.is_sound() && unreadable.is_empty() && endpoints.is_empty();
    if json {
        output::json(&json!({
            "sound": sound,
            "problems": report.to_string(),
            "unreadable_secrets": unreadable,
            "unreadable_webhook_secrets": endpoints,
        }))?;
    } else {
        println!("{report}");
        match (unreadable.len(), endpoints.len()) {
            (0, 0) => println!("every secret can be read"),
            (integrations, 0) => {
                println!("{integrations} service integrations have secrets that cannot be read");
            }
            (integrations, endpoints) => println!(
                "{integrations} service integrations and {endpoints} webhook endpoints have \
                 secrets that cannot be read"
            ),
        }
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
