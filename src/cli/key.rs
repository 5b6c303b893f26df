//! `parlance key`: creates, lists and revokes API keys.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Database,
    output::{self, or_dash},
};
use crate::{
    config::Loaded,
    domain::{
        WriteTx,
        lifecycle::key_revocation,
        tenancy::{
            accounts, agents,
            api_keys::{self, KeyFilter, KeyKind, KeyOwner},
            workspaces,
        },
    },
    kernel::{
        self, Error,
        ids::{ApiKeyId, WorkspaceId},
    },
};

#[derive(Subcommand)]
pub enum Key {
    /// Create a key and print its value, which is never shown again.
    Create(Create),
    /// List valid and revoked keys, without their values.
    List(List),
    /// Revoke one key by id, or all keys of an API in a workspace.
    Revoke(Revoke),
}

#[derive(Args)]
pub struct Create {
    #[arg(long, value_parser = parse_kind, help = api_help("The API of the key", &CREATABLE_KINDS))]
    api: KeyKind,
    /// The id of the key's workspace.
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// The key's agent, by id or handle.
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// The key's account, by e-mail address [default: the first account].
    #[arg(long, value_name = "EMAIL")]
    account: Option<String>,
    /// A name for the key.
    #[arg(long, default_value = "made by the operator")]
    name: String,
}

#[derive(Args)]
pub struct List {
    #[arg(long, value_parser = parse_kind, help = api_help("List only keys for this API", &KeyKind::ALL))]
    api: Option<KeyKind>,
    /// List only keys of this workspace.
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
}

#[derive(Args)]
pub struct Revoke {
    /// The id of the key, as `key list` prints it.
    #[arg(value_name = "ID", required_unless_present = "api")]
    id: Option<ApiKeyId>,
    #[arg(
        long,
        value_parser = parse_kind,
        conflicts_with = "id",
        long_help = api_help(
            "Revoke every valid key for this API: those of --workspace, or, for personal access tokens, \
             those of --account. Operator keys belong to neither",
            &KeyKind::ALL,
        )
    )]
    api: Option<KeyKind>,
    /// The id of the workspace whose keys to revoke.
    #[arg(long, value_name = "ID", requires = "api", conflicts_with = "account")]
    workspace: Option<WorkspaceId>,
    /// The account, by e-mail address, whose personal access tokens to revoke.
    #[arg(long, value_name = "EMAIL", requires = "api")]
    account: Option<String>,
}

/// The kinds of key that `key create` creates. The other kinds are created with their integration or installation.
const CREATABLE_KINDS: [KeyKind; 7] = [
    KeyKind::Aloochat,
    KeyKind::Ada,
    KeyKind::AdaEndUsers,
    KeyKind::BotpressPat,
    KeyKind::BotpressBot,
    KeyKind::Cohere,
    KeyKind::Operator,
];

/// Returns a help text that lists kinds of keys.
fn api_help(text: &str, kinds: &[KeyKind]) -> String {
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| kind.as_str().replace('_', "-"))
        .collect();
    format!("{text}: {}", names.join(", "))
}

fn parse_kind(text: &str) -> Result<KeyKind, String> {
    KeyKind::parse(&text.replace('-', "_")).ok_or_else(|| {
        let all: Vec<&str> = KeyKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("one of {}", all.join(", "))
    })
}

impl Key {
    pub fn run(self, loaded: &Loaded, json: bool) -> Result<ExitCode> {
        let database = Database::open(loaded)?;
        match self {
            Self::Create(create) => create.run(&database, json)?,
            Self::List(list) => list.run(&database, json)?,
            Self::Revoke(revoke) => revoke.run(&database, json)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    fn run(self, database: &Database, json: bool) -> Result<()> {
        if self.api == KeyKind::BotpressIntegration {
            bail!("an integration's key is made with the integration");
        }
        if matches!(
            self.api,
            KeyKind::BotpressBotKey | KeyKind::BotpressIntegrationKey
        ) {
            bail!("the API creates the API keys of bots and integrations");
        }
        if self.api == KeyKind::AdaInstallation {
            bail!("an installation's token is given to its integration");
        }
        let (key, value) = database.write(move |tx| {
            let owner = self.owner(tx)?;
            api_keys::create(tx, self.api, &owner, &self.name)
        })?;
        if json {
            output::json(&json!({"key": value.expose(), "id": key.id, "api": key.kind}))
        } else {
            output::line(value.expose())?;
            output::note(format_args!(
                "This is the value of the new key {}. It is shown only now.",
                key.id
            ));
            Ok(())
        }
    }

    fn owner(&self, tx: &WriteTx<'_>) -> kernel::Result<KeyOwner> {
        let workspace = || match &self.workspace {
            Some(id) => Ok(workspaces::find(tx.conn, id)?.id),
            None => Err(Error::invalid("--workspace is missing")),
        };
        match self.api {
            KeyKind::Operator => Ok(KeyOwner::Operator),
            KeyKind::BotpressPat => {
                let account = match &self.account {
                    Some(email) => accounts::find_by_email(tx.conn, email)?,
                    None => accounts::find_oldest(tx.conn)?
                        .ok_or_else(|| Error::not_found("there is no account"))?,
                };
                Ok(KeyOwner::Account(account.id))
            }
            KeyKind::Cohere | KeyKind::Aloochat => Ok(KeyOwner::Workspace(workspace()?)),
            KeyKind::BotpressBot
            | KeyKind::BotpressIntegration
            | KeyKind::BotpressBotKey
            | KeyKind::BotpressIntegrationKey
            | KeyKind::Ada
            | KeyKind::AdaEndUsers
            | KeyKind::AdaInstallation => {
                let workspace = workspace()?;
                let agent = self
                    .agent
                    .as_deref()
                    .ok_or_else(|| Error::invalid("--agent is missing"))?;
                let agent = agents::find(tx.conn, &workspace, agent)?;
                Ok(KeyOwner::Agent(workspace, agent.id))
            }
        }
    }
}

impl List {
    fn run(self, database: &Database, json: bool) -> Result<()> {
        let filter = KeyFilter {
            kind: self.api,
            workspace: self.workspace,
            ..KeyFilter::default()
        };
        let keys = database.store.read(|conn| {
            if let Some(id) = &filter.workspace {
                workspaces::find(conn, id)?;
            }
            api_keys::list(conn, &filter)
        })?;
        if json {
            return output::json(&keys);
        }
        let rows: Vec<[String; 6]> = keys
            .iter()
            .map(|key| {
                [
                    key.id.to_string(),
                    key.kind.to_string(),
                    or_dash(key.workspace_id.as_ref()),
                    key.name.clone(),
                    or_dash(key.last_used_at.map(|at| at.to_rfc3339_millis())),
                    or_dash(key.revoked_at.map(|at| at.to_rfc3339_millis())),
                ]
            })
            .collect();
        output::table(
            ["ID", "API", "WORKSPACE", "NAME", "LAST USED", "REVOKED"],
            &rows,
        )?;
        Ok(())
    }
}

impl Revoke {
    fn run(self, database: &Database, json: bool) -> Result<()> {
        let revoked = database
            .write(move |tx| self.revoke(tx))
            .context("nothing is revoked")?;
        if json {
            return output::json(&json!({"revoked": revoked}));
        }
        for id in revoked {
            output::line(format_args!("revoked {id}"))?;
        }
        Ok(())
    }

    fn revoke(self, tx: &WriteTx<'_>) -> kernel::Result<Vec<ApiKeyId>> {
        let ids = match (self.id, self.api) {
            (Some(id), _) => vec![id],
            (None, Some(kind)) => {
                let (filter, whose) =
                    owner_filter(tx, kind, self.workspace, self.account.as_deref())?;
                let keys = api_keys::list(tx.conn, &filter)?;
                let valid = keys.into_iter().filter(|key| key.revoked_at.is_none());
                let ids: Vec<ApiKeyId> = valid.map(|key| key.id).collect();
                if ids.is_empty() {
                    let text = format!("there is no valid {kind} key {whose}");
                    return Err(Error::not_found(text));
                }
                ids
            }
            (None, None) => return Err(Error::invalid("an id or --api is missing")),
        };
        for id in &ids {
            key_revocation::revoke(tx, id)?;
        }
        Ok(ids)
    }
}

/// Returns the filter for all keys of a kind and owner, and a description of the owner.
fn owner_filter(
    tx: &WriteTx<'_>,
    kind: KeyKind,
    workspace: Option<WorkspaceId>,
    account: Option<&str>,
) -> kernel::Result<(KeyFilter, String)> {
    let of_kind = KeyFilter {
        kind: Some(kind),
        ..KeyFilter::default()
    };
    match (kind, workspace, account) {
        (KeyKind::BotpressPat, None, Some(email)) => {
            let account = accounts::find_by_email(tx.conn, email)?;
            let filter = KeyFilter {
                account: Some(account.id),
                ..of_kind
            };
            Ok((filter, format!("of the account {email}")))
        }
        (KeyKind::BotpressPat, ..) => Err(Error::invalid(format!(
            "a {kind} key belongs to an account, not to a workspace: name it with --account"
        ))),
        (KeyKind::Operator, None, None) => Ok((of_kind, "of the operator".to_owned())),
        (KeyKind::Operator, ..) => Err(Error::invalid(format!(
            "an {kind} key belongs to no workspace and no account: leave --workspace and --account out"
        ))),
        (KeyKind::AdaInstallation, ..) => Err(Error::invalid(
            "an installation's token ends when it is uninstalled",
        )),
        (_, Some(id), None) => {
            let workspace = workspaces::find(tx.conn, &id)?;
            let whose = format!("of the workspace {}", workspace.id);
            let filter = KeyFilter {
                workspace: Some(workspace.id),
                ..of_kind
            };
            Ok((filter, whose))
        }
        (_, _, Some(_)) => Err(Error::invalid(format!(
            "a {kind} key belongs to a workspace, not to an account: name it with --workspace"
        ))),
        (_, None, None) => Err(Error::invalid("--workspace is missing")),
    }
}
