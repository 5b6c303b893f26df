//! `parlance integration`: lists, approves and archives Ada platform integrations.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::platform_integrations::{self as integrations, PlatformIntegration},
    kernel::ids::PlatformIntegrationId,
};

#[derive(Subcommand)]
pub enum Integration {
    /// List the platform integrations of every agent.
    List,
    /// Approve a platform integration, so that it can no longer be changed.
    Approve(IntegrationArgs),
    /// Archive a platform integration, so that it can no longer be changed or installed.
    Archive(IntegrationArgs),
}

#[derive(Args)]
pub struct IntegrationArgs {
    /// The id, as `integration list` prints it.
    #[arg(value_name = "ID")]
    id: PlatformIntegrationId,
}

impl Integration {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let database = Database::open(loaded)?;
        let changed = match self {
            Self::List => {
                list(&database, json)?;
                return Ok(ExitCode::SUCCESS);
            }
            Self::Approve(one) => database.write(move |tx| integrations::approve(tx, &one.id))?,
            Self::Archive(one) => database.write(move |tx| integrations::archive(tx, &one.id))?,
        };
        if json {
            output::json(&to_json(&changed))?;
        } else {
            output::line(changed.status)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn to_json(integration: &PlatformIntegration) -> Value {
    json!({
        "id": integration.id,
        "status": integration.status.as_str(),
        "name": integration.definition.name,
        "agent_id": integration.agent_id,
    })
}

fn list(database: &Database, json: bool) -> Result<()> {
    let all = database.store.read(integrations::list_all)?;
    if json {
        let all: Vec<Value> = all
            .iter()
            .map(|(integration, _)| to_json(integration))
            .collect();
        return output::json(&all);
    }
    let rows: Vec<[String; 4]> = all
        .into_iter()
        .map(|(integration, handle)| {
            [
                integration.id.to_string(),
                integration.status.to_string(),
                handle,
                integration.definition.name,
            ]
        })
        .collect();
    output::table(["ID", "STATUS", "AGENT", "NAME"], &rows)?;
    Ok(())
}
