//! Requests from outside to the webhooks of integrations (botpress.md §5 "Inbound webhooks"). Whoever
//! knows the address may send one: the integration itself has to tell whom it trusts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

pub use super::protocol::Answer;
use super::{
    audit::Actor,
    bots::logs::{self, Level},
    context::Domain,
    definitions::IntegrationDefinition,
    integrations,
    protocol::{self, Failed, Question},
    script,
};
use crate::kernel::{
    Error, Kind, Result, Secret,
    clock::Stopwatch,
    ids::{IntegrationId, WorkspaceId},
};

/// The operation of the runtime protocol.
const OPERATION: &str = "webhook_received";

/// When it makes sense to send what could not be taken again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A request from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// `GET`, `POST`, …
    pub method: String,
    /// What follows the webhook's id: `/` or more.
    pub path: String,
    /// What follows the `?`.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
}

const FIND: &str = "
    SELECT bot_integrations.agent_seq, bot_integrations.seq
    FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.webhook_id = :webhook_id AND bot_integrations.enabled
      AND agents.deleted_at IS NULL";

/// The bot's row and that of the installation.
type Place = (i64, i64);

/// The receiver of a request, found before the request's body is read.
#[derive(Debug, Clone)]
pub enum Receiver {
    /// One installation.
    Installation(Installation),
    /// Whichever installation of a workspace's integration the request is for.
    Shared(SharedWebhook),
}

/// The webhook that all installations of an integration share.
#[derive(Debug, Clone)]
pub struct SharedWebhook {
    workspace: WorkspaceId,
    name: String,
}

/// An installation that takes requests.
#[derive(Debug, Clone, Copy)]
pub struct Installation(Place);

fn find(conn: &Connection, webhook_id: &str) -> Result<Option<Place>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":webhook_id": webhook_id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

/// Finds the installation with this webhook.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn find_by_webhook(domain: &Domain, webhook_id: &str) -> Result<Receiver> {
    let found = domain.store().read(|conn| find(conn, webhook_id))?;
    let place = found.ok_or_else(|| Error::not_found("There is no such webhook"))?;
    Ok(Receiver::Installation(Installation(place)))
}

/// Finds the installation that `state` in the query names by its webhook: for those who come back
/// from elsewhere. The integration sees their path as [`OAUTH_PATH`].
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn find_by_state(domain: &Domain, query: &str) -> Result<Receiver> {
    let state = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned());
    let webhook_id = state.ok_or_else(|| Error::not_found("The query has no state"))?;
    find_by_webhook(domain, &webhook_id)
}

/// Finds the integration that has the shared webhook of this name: that of the workspace that is given,
/// else of the one that the name belongs to. No request is ever shown to integrations of two workspaces:
/// each would see what is meant for the other.
///
/// # Errors
/// `NotFound` for an integration that is not there or nowhere installed, or those of the store.
pub fn find_shared(
    domain: &Domain,
    workspace: Option<WorkspaceId>,
    name: &str,
) -> Result<Receiver> {
    let found = domain.store().read(|conn| {
        let workspace = match workspace {
            Some(workspace) => Some(workspace),
            None => integrations::holder(conn, name)?,
        };
        let Some(workspace) = workspace else {
            return Ok(None);
        };
        let parameters = named_params! {":workspace_id": workspace, ":name": name, ":limit": 1};
        let installed = conn.prepare_cached(SHARED)?.exists(parameters)?;
        Ok(installed.then_some(workspace))
    })?;
    let workspace = found.ok_or_else(|| Error::not_found(NOBODYS))?;
    let name = name.to_owned();
    Ok(Receiver::Shared(SharedWebhook { workspace, name }))
}

/// Gives a request to its receiver, and returns what that answers.
///
/// # Errors
/// `NotFound` for a request that is nobody's, `Runtime` or `Unavailable` if the integration does not
/// answer, or those of the store.
pub async fn receive(domain: &Domain, receiver: Receiver, request: &Incoming) -> Result<Answer> {
    match receiver {
        Receiver::Installation(Installation(place)) => give(domain, place, request).await,
        Receiver::Shared(webhook) => receive_shared(domain, &webhook, request).await,
    }
}

/// The path of those who come back.
pub const OAUTH_PATH: &str = "/oauth";

/// The answer to a request that no installation is for.
const NOBODYS: &str = "The request is for no installation";

/// A version of the integration that a shared webhook is of.
struct Shared {
    seq: i64,
    id: IntegrationId,
    definition: Arc<IntegrationDefinition>,
    secrets: BTreeMap<String, Secret>,
}

/// The most versions of an integration that are asked whether a request is for them.
const MAX_SHARED: i64 = 20;

/// How long their scripts may take together for one request, whatever each of them may.
const SCRIPTS_TIME: Duration = Duration::from_secs(5);

/// Those that are installed, the newest version first.
const SHARED: &str = "
    SELECT integrations.seq, integrations.id FROM integrations
    WHERE integrations.workspace_id = :workspace_id AND integrations.name = :name AND EXISTS (
        SELECT 1 FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
        WHERE bot_integrations.integration_seq = integrations.seq AND bot_integrations.enabled
          AND agents.deleted_at IS NULL)
    ORDER BY integrations.version_order DESC, integrations.seq LIMIT :limit";

const IDENTIFIED: &str = "
    SELECT bot_integrations.agent_seq, bot_integrations.seq
    FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.integration_seq = :integration
      AND bot_integrations.identifier = :identifier AND bot_integrations.enabled
      AND agents.deleted_at IS NULL
    ORDER BY bot_integrations.seq";

fn shared(conn: &Connection, domain: &Domain, webhook: &SharedWebhook) -> Result<Vec<Shared>> {
    let mut statement = conn.prepare_cached(SHARED)?;
    let parameters = named_params! {
        ":workspace_id": webhook.workspace, ":name": webhook.name, ":limit": MAX_SHARED,
    };
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, IntegrationId)> = rows.collect::<rusqlite::Result<_>>()?;
    let whole = rows.into_iter().map(|(seq, id)| {
        Ok(Shared {
            seq,
            definition: domain.declarations().of_integration(conn, seq)?,
            secrets: integrations::secrets_of(conn, domain.sealer(), &id)?,
            id,
        })
    });
    whole.collect()
}

fn identified(conn: &Connection, integration: i64, identifier: &str) -> Result<Vec<Place>> {
    let mut statement = conn.prepare_cached(IDENTIFIED)?;
    let parameters = named_params! {":integration": integration, ":identifier": identifier};
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Gives a request to the installations of an integration that its script says it is for, and returns
/// what the first of them answers. If it is for none, the integration's other script answers.
///
/// # Errors
/// `NotFound` for an integration that nobody has installed and for a request that is nobody's;
/// `Runtime` if a script fails; those of [`receive`].
async fn receive_shared(
    domain: &Domain,
    webhook: &SharedWebhook,
    request: &Incoming,
) -> Result<Answer> {
    let all = domain.store().read(|conn| shared(conn, domain, webhook))?;
    let watch = Stopwatch::start();
    for integration in &all {
        let Some(script) = &integration.definition.identifier.extract_script else {
            continue;
        };
        if watch.elapsed() > SCRIPTS_TIME {
            let text = format!("The scripts for this webhook took longer than {SCRIPTS_TIME:?}");
            return Err(Error::new(Kind::Runtime, text));
        }
        let Value::String(identifier) = integration.run(domain, script, request).await? else {
            continue;
        };
        let places = domain
            .store()
            .read(|conn| identified(conn, integration.seq, &identifier))?;
        let mut given = join_all(places.into_iter().map(|place| give(domain, place, request)))
            .await
            .into_iter();
        if let Some(first) = given.next() {
            return first;
        }
    }
    for integration in &all {
        if let Some(script) = &integration.definition.identifier.fallback_handler_script {
            let answered = integration.run(domain, script, request).await?;
            return integration.fallback(&answered);
        }
    }
    Err(Error::not_found(NOBODYS))
}

impl Shared {
    /// Runs a script on a request. What fails is told to the integration's developer.
    async fn run(&self, domain: &Domain, source: &str, request: &Incoming) -> Result<Value> {
        let secrets: Map<String, Value> = self
            .secrets
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().into()))
            .collect();
        let object = json!({
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body,
            "secrets": secrets,
        });
        match domain.scripts().run(source, &object).await {
            Ok(value) => Ok(value),
            Err(error) if error.may_pass() => {
                let retry_after = script::RETRY_AFTER;
                Err(Error::new(
                    Kind::Unavailable { retry_after },
                    error.to_string(),
                ))
            }
            Err(error) => {
                let text = format!("A script for the shared webhook failed: {error}");
                let (id, logged, settings) = (self.id.clone(), text, domain.clone());
                domain
                    .change_as(Actor::System, move |change| {
                        let settings = &settings.settings().bots;
                        logs::record_of_integration(change, settings, &id, Level::Error, &logged)
                    })
                    .await?;
                // What a script says may show what it was given.
                let text = "A script of the integration failed; its log says why";
                Err(Error::new(Kind::Runtime, text))
            }
        }
    }

    /// What a fallback script answers: `{status?, headers?, body?}`.
    fn fallback(&self, answered: &Value) -> Result<Answer> {
        if !answered.is_object() {
            let text = format!("The fallback script of {} must make an object", self.id);
            return Err(Error::new(Kind::Runtime, text));
        }
        let status = answered["status"].as_u64();
        let headers = answered["headers"].as_object().into_iter().flatten();
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Ok(Answer {
            status: status
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(200),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
                .collect(),
            body: text(&answered["body"]),
            live: None,
        })
    }
}

async fn give(domain: &Domain, place: Place, request: &Incoming) -> Result<Answer> {
    let body = json!({"req": {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": request.body,
    }});
    let question = Question {
        place,
        operation: OPERATION,
        kind: OPERATION,
        body: &body,
    };
    protocol::call(domain, question).await?.map_err(not_taken)
}

/// Whoever sent the request may send it again, if that makes sense.
fn not_taken(failed: Failed) -> Error {
    let kind = if failed.may_pass {
        Kind::Unavailable {
            retry_after: failed.retry_after.unwrap_or(RETRY_AFTER),
        }
    } else {
        Kind::Runtime
    };
    Error::new(kind, failed.text)
}
