//! `parlance check`: is the database sound, and can its secrets be read?

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::{connectors, end_users, platform_integrations, service_integrations, webhooks},
    store::{self, Sealer},
};

pub fn run(loaded: &Loaded, json: bool) -> Result<ExitCode> {
    let database = Database::open(loaded)?;
    let report = database.store.read(store::check)?;
    // In a damaged file the secrets may be out of reach. What was found is said all the same.
    let unreadable = match unreadable_secrets(&database, loaded) {
        Ok(found) => Some(found),
        Err(error) if report.is_sound() => return Err(error),
        Err(_) => None,
    };
    let sound = report.is_sound() && unreadable.as_ref().is_some_and(Vec::is_empty);
    if json {
        output::json(&json!({
            "sound": sound,
            "problems": report.to_string(),
            "unreadable_secrets": unreadable,
        }))?;
    } else {
        println!("{report}");
        match unreadable.map(|found| found.len()) {
            Some(0) => println!("every secret can be read"),
            Some(count) => println!("{count} rows have secrets that cannot be read"),
            None => println!("the secrets cannot be checked"),
        }
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What has secrets that cannot be read, each as its kind and id.
fn unreadable_secrets(database: &Database, loaded: &Loaded) -> Result<Vec<String>> {
    let sealer = Sealer::of(&database.store, &loaded.config.seal);
    let sealer = database.runtime.block_on(sealer)?;
    let found = database.store.read(|conn| {
        let integrations = service_integrations::unreadable(conn, &sealer)?;
        let end_users = end_users::unreadable(conn, &sealer)?;
        let endpoints = webhooks::unreadable(conn, &sealer)?;
        let installations = platform_integrations::unreadable(conn, &sealer)?;
        let installations = installations.iter().map(|id| format!("installation {id}"));
        let integrations = integrations
            .iter()
            .map(|id| format!("service integration {id}"));
        let end_users = end_users.iter().map(|id| format!("end user {id}"));
        let endpoints = endpoints.iter().map(|id| format!("webhook {id}"));
        let connectors = connectors::unreadable(conn, &sealer)?;
        let connectors = connectors.iter().map(|id| format!("connector {id}"));
        let found = integrations.chain(end_users).chain(endpoints);
        Ok(found.chain(installations).chain(connectors).collect())
    })?;
    Ok(found)
}
