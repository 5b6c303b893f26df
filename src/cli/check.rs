//! `parlance check`: is the database sound, and can its secrets be read?

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::{platform_integrations, service_integrations},
    store::{self, Sealer},
};

pub fn run(loaded: &Loaded, json: bool) -> Result<ExitCode> {
    let database = Database::open(loaded)?;
    let report = database.store.read(store::check)?;
    let sealer = Sealer::of(&database.store, &loaded.config.seal);
    let sealer = database.runtime.block_on(sealer)?;
    let unreadable = database.store.read(|conn| {
        let connections = service_integrations::unreadable(conn, &sealer)?;
        let installations = platform_integrations::unreadable(conn, &sealer)?;
        let connections = connections.iter().map(ToString::to_string);
        let installations = installations.iter().map(ToString::to_string);
        Ok(connections.chain(installations).collect::<Vec<_>>())
    })?;
    let sound = report.is_sound() && unreadable.is_empty();
    if json {
        output::json(&json!({
            "sound": sound,
            "problems": report.to_string(),
            "unreadable_secrets": unreadable,
        }))?;
    } else {
        println!("{report}");
        match unreadable.len() {
            0 => println!("every secret can be read"),
            count => println!("{count} integrations have secrets that cannot be read"),
        }
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
