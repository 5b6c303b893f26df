//! The webhook that all installations of an integration share: its scripts say which of them a request is
//! for (botpress.md §5 "Inbound webhooks").

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use rusqlite::{Connection, named_params};
use serde_json::{Map, Value, json};

use super::{Answer, Incoming, Place, Receiver, give};
use crate::{
    domain::{
        bots::{
            definitions::IntegrationDefinition,
            integrations,
            manage::logs::{self, Level},
        },
        tenancy::{app::App, audit::Actor},
    },
    engine::script::{self, ScriptError},
    kernel::{
        Error, Kind, Result, Secret,
        clock::Stopwatch,
        ids::{IntegrationId, WorkspaceId},
    },
};

/// The webhook that all installations of an integration share.
#[derive(Debug, Clone)]
pub struct SharedWebhook {
    pub(in crate::domain) workspace: WorkspaceId,
    pub(in crate::domain) name: String,
}

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

/// Finds the integration that has the shared webhook of this name: that of the workspace that is given,
/// else of the one that the name belongs to. No request is ever shown to integrations of two workspaces:
/// each would see requests that are meant for the other.
///
/// # Errors
/// `NotFound` for an integration that is not there or nowhere installed, or those of the store.
pub fn find_shared(app: &App, workspace: Option<WorkspaceId>, name: &str) -> Result<Receiver> {
    let found = app.store().read(|conn| {
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

fn shared(conn: &Connection, app: &App, webhook: &SharedWebhook) -> Result<Vec<Shared>> {
    let mut statement = conn.prepare_cached(SHARED)?;
    let parameters = named_params! {
        ":workspace_id": webhook.workspace, ":name": webhook.name, ":limit": MAX_SHARED,
    };
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, IntegrationId)> = rows.collect::<rusqlite::Result<_>>()?;
    let whole = rows.into_iter().map(|(seq, id)| {
        Ok(Shared {
            seq,
            definition: app.declarations().of_integration(conn, seq)?,
            secrets: integrations::secrets_of(conn, app.sealer(), &id)?,
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
/// the answer of the first of them. If it is for none, the integration's other script answers.
///
/// # Errors
/// `NotFound` for an integration that nobody has installed and for a request that is nobody's;
/// `Runtime` if the fallback script fails; those of [`super::receive`].
pub(super) async fn receive(
    app: &App,
    webhook: &SharedWebhook,
    request: &Incoming,
) -> Result<Answer> {
    let all = app.store().read(|conn| shared(conn, app, webhook))?;
    let mut failures = Vec::new();
    let found = find_installations(app, &all, request, &mut failures).await;
    log(app, Level::Warn, failures).await?;
    let mut given = join_all(found?.into_iter().map(|place| give(app, place, request)))
        .await
        .into_iter();
    if let Some(first) = given.next() {
        return first;
    }
    for integration in &all {
        if let Some(script) = &integration.definition.identifier.fallback_handler_script {
            return integration.answer(app, script, request).await;
        }
    }
    Err(Error::not_found(NOBODYS))
}

/// The installations of the first version whose script finds an identifier that some have. A script that
/// fails has found none: those who verify a webhook send requests without the body that it reads, and
/// the fallback script answers them.
async fn find_installations(
    app: &App,
    all: &[Shared],
    request: &Incoming,
    failures: &mut Vec<(IntegrationId, String)>,
) -> Result<Vec<Place>> {
    let watch = Stopwatch::start();
    for integration in all {
        let Some(script) = &integration.definition.identifier.extract_script else {
            continue;
        };
        if watch.elapsed() > SCRIPTS_TIME {
            let text = format!("The scripts for this webhook took longer than {SCRIPTS_TIME:?}");
            return Err(Error::new(Kind::Runtime, text));
        }
        let identifier = match integration.run(app, script, request).await {
            Ok(Value::String(identifier)) => identifier,
            Ok(_) => continue,
            Err(error) if error.may_pass() => return Err(later(&error)),
            Err(error) => {
                let text = format!(
                    "The extract script found no identifier in a {} request: {error}",
                    request.method
                );
                failures.push((integration.id.clone(), text));
                continue;
            }
        };
        let places = app
            .store()
            .read(|conn| identified(conn, integration.seq, &identifier))?;
        if !places.is_empty() {
            return Ok(places);
        }
    }
    Ok(Vec::new())
}

/// Scripts that cannot be run just now may be run later.
fn later(error: &ScriptError) -> Error {
    let retry_after = script::RETRY_AFTER;
    Error::new(Kind::Unavailable { retry_after }, error.to_string())
}

/// Writes lines into the logs of integrations, all in one change.
async fn log(app: &App, level: Level, lines: Vec<(IntegrationId, String)>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    for (id, _) in &lines {
        app.failures().note_script(app, id.as_str());
    }
    let parts = app.clone();
    app.change_as(Actor::System, move |change| {
        let settings = parts.bot_settings();
        lines.iter().try_for_each(|(id, text)| {
            logs::record_of_integration(change, settings, id, level, text)
        })
    })
    .await
}

impl Shared {
    /// Runs a script on a request.
    async fn run(
        &self,
        app: &App,
        source: &str,
        request: &Incoming,
    ) -> std::result::Result<Value, ScriptError> {
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
        app.scripts().run(source, &object).await
    }

    /// The answer of the fallback script. A failure is written into the integration's log.
    async fn answer(&self, app: &App, source: &str, request: &Incoming) -> Result<Answer> {
        match self.run(app, source, request).await {
            Ok(answered) => self.fallback(&answered),
            Err(error) if error.may_pass() => Err(later(&error)),
            Err(error) => {
                let text = format!("A script for the shared webhook failed: {error}");
                log(app, Level::Error, vec![(self.id.clone(), text)]).await?;
                // Texts of a script may show its input.
                let text = "A script of the integration failed; its log says why";
                Err(Error::new(Kind::Runtime, text))
            }
        }
    }

    /// The object that a fallback script makes: `{status?, headers?, body?}`.
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
