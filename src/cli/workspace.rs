//! `parlance workspace`: creates and lists workspaces.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::tenancy::{
        accounts,
        members::{self, Role},
        workspaces,
    },
    kernel::ids::WorkspaceId,
};

#[derive(Subcommand)]
pub enum Workspace {
    /// Create a workspace, owned by the first account.
    Create(Create),
    /// List workspaces.
    List,
}

#[derive(Args)]
pub struct Create {
    /// The name.
    #[arg(long)]
    name: String,
    /// The id [default: a random UUID].
    #[arg(long, value_name = "ID")]
    id: Option<WorkspaceId>,
}

impl Workspace {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let database = Database::open(loaded)?;
        match self {
            Self::Create(create) => create.run(&database, json)?,
            Self::List => list(&database, json)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    fn run(self, database: &Database, json: bool) -> Result<()> {
        let created = database.write(move |tx| {
            let id = self.id.unwrap_or_else(WorkspaceId::new_uuid);
            let workspace = workspaces::create(tx, id, &self.name)?;
            if let Some(account) = accounts::find_oldest(tx.conn)? {
                members::add(tx, &workspace.id, &account.id, Role::Owner)?;
            }
            Ok(workspace)
        })?;
        if json {
            return output::json(&created);
        }
        output::line(created.id)?;
        Ok(())
    }
}

fn list(database: &Database, json: bool) -> Result<()> {
    let workspaces = database.store.read(workspaces::list)?;
    if json {
        return output::json(&workspaces);
    }
    let rows: Vec<[String; 3]> = workspaces
        .iter()
        .map(|workspace| {
            [
                workspace.id.to_string(),
                workspace.name.clone(),
                workspace.created_at.to_rfc3339_millis(),
            ]
        })
        .collect();
    output::table(["ID", "NAME", "CREATED"], &rows)?;
    Ok(())
}
