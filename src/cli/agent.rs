//! `parlance agent`: creates and lists agents.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{Database, output};
use crate::{
    config::Loaded,
    domain::tenancy::{
        agents::{self, NewAgent},
        workspaces,
    },
    kernel::ids::{AgentId, WorkspaceId},
};

#[derive(Subcommand)]
pub enum Agent {
    /// Create an agent.
    Create(Create),
    /// List the agents of a workspace, or all agents.
    List(List),
}

#[derive(Args)]
pub struct Create {
    /// The id of the agent's workspace.
    #[arg(long, value_name = "ID")]
    workspace: WorkspaceId,
    /// The handle: lower-case letters, digits and inner hyphens.
    #[arg(long)]
    handle: String,
    /// The name [default: the handle].
    #[arg(long)]
    name: Option<String>,
    /// The id [default: a random UUID].
    #[arg(long, value_name = "ID")]
    id: Option<AgentId>,
}

#[derive(Args)]
pub struct List {
    /// List only agents of this workspace.
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
}

impl Agent {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let database = Database::open(loaded)?;
        match self {
            Self::Create(create) => create.run(&database, json)?,
            Self::List(list) => list.run(&database, json)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    fn run(self, database: &Database, json: bool) -> Result<()> {
        let created = database.write(move |tx| {
            let new = NewAgent {
                id: self.id.unwrap_or_else(AgentId::new_uuid),
                name: self.name.unwrap_or_else(|| self.handle.clone()),
                handle: self.handle,
            };
            agents::create(tx, &self.workspace, new)
        })?;
        if json {
            return output::json(&created);
        }
        output::line(created.id)?;
        Ok(())
    }
}

impl List {
    fn run(self, database: &Database, json: bool) -> Result<()> {
        let agents = database.store.read(|conn| {
            let workspaces = match &self.workspace {
                Some(id) => vec![workspaces::find(conn, id)?],
                None => workspaces::list(conn)?,
            };
            let mut all = Vec::new();
            for workspace in workspaces {
                all.extend(agents::list(conn, &workspace.id)?);
            }
            Ok(all)
        })?;
        if json {
            return output::json(&agents);
        }
        let rows: Vec<[String; 4]> = agents
            .iter()
            .map(|agent| {
                [
                    agent.id.to_string(),
                    agent.handle.clone(),
                    agent.name.clone(),
                    agent.workspace_id.to_string(),
                ]
            })
            .collect();
        output::table(["ID", "HANDLE", "NAME", "WORKSPACE"], &rows)?;
        Ok(())
    }
}
