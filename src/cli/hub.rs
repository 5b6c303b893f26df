//! `parlance hub`: manages which workspaces own the names of public integrations.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::bots::integrations::{self, NameOwner},
    kernel::ids::WorkspaceId,
};

#[derive(Subcommand)]
pub enum Hub {
    /// List the names of integrations, each with the workspace that owns it.
    Names,
    /// Give a name to a workspace. Only that workspace may then publish integrations with it.
    Give(Give),
}

#[derive(Args)]
pub struct Give {
    /// The name, such as `acme/pay`.
    name: String,
    /// The id of the workspace, as `workspace list` prints it.
    #[arg(long, value_name = "ID")]
    workspace: WorkspaceId,
}

impl Hub {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let database = Database::open(loaded)?;
        match self {
            Self::Names => list(&database, json)?,
            Self::Give(give) => {
                let name = database
                    .write(move |tx| integrations::give_name(tx, &give.name, &give.workspace))?;
                if json {
                    output::json(&name)?;
                } else {
                    output::line(name.workspace_id)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(database: &Database, json: bool) -> Result<()> {
    let names: Vec<NameOwner> = database.store.read(integrations::list_names)?;
    if json {
        return output::json(&names);
    }
    let rows: Vec<[String; 3]> = names
        .into_iter()
        .map(|name| {
            let published = if name.published { "yes" } else { "no" };
            [
                name.name,
                name.workspace_id.to_string(),
                published.to_owned(),
            ]
        })
        .collect();
    output::table(["NAME", "WORKSPACE", "PUBLISHED"], &rows)?;
    Ok(())
}
