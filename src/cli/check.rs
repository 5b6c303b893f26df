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
    let printed = if json {
        output::json(&json!({
            "sound": sound,
            "problems": report.to_string(),
            "unreadable_secrets": unreadable,
        }))
    } else {
        let secrets = match unreadable.map(|found| found.len()) {
            Some(0) => "every secret can be read".to_owned(),
            Some(count) => format!("{count} rows have secrets that cannot be read"),
            None => "the secrets cannot be checked".to_owned(),
        };
        output::line(format_args!("{report}\n{secrets}")).map_err(Into::into)
    };
    if !sound {
        // Also to who has read only the beginning of it.
        return Ok(ExitCode::FAILURE);
    }
    printed.map(|()| ExitCode::SUCCESS)
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
