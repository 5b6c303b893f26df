//! Shared webhooks: one address for all installations of an integration. The integration's scripts select the
//! installations for a request (botpress.md §5 "Inbound webhooks").

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use rusqlite::{Connection, named_params};
use serde_json::{Map, Value, json};

use super::{CallResponse, InboundRequest, InstallationRows, WebhookReceiver, forward_request};
use crate::{
    domain::{
        bots::{
            definitions::IntegrationDefinition,
            integrations,
            manage::logs::{self, LogLevel},
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

/// The shared webhook of an integration.
#[derive(Debug, Clone)]
pub struct SharedWebhook {
    pub(in crate::domain) workspace: WorkspaceId,
    pub(in crate::domain) name: String,
}

/// Error text for a request that matches no installation.
const NO_INSTALLATION: &str = "The request matches no installation";

/// One version of the integration that owns a shared webhook.
struct IntegrationVersion {
    seq: i64,
    id: IntegrationId,
    definition: Arc<IntegrationDefinition>,
    secrets: BTreeMap<String, Secret>,
}

/// Maximum number of versions whose scripts run for a request.
const MAX_VERSIONS: i64 = 20;

/// Time after which no further script starts for one request. Each script also has a time limit of its own.
const MAX_SCRIPTS_TIME: Duration = Duration::from_secs(5);

/// Versions with an enabled installation, newest first.
const INSTALLED_VERSIONS: &str = "
    SELECT integrations.seq, integrations.id FROM integrations
    WHERE integrations.workspace_id = :workspace_id AND integrations.name = :name AND EXISTS (
        SELECT 1 FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
        WHERE bot_integrations.integration_seq = integrations.seq AND bot_integrations.enabled
          AND agents.deleted_at IS NULL)
    ORDER BY integrations.version_order DESC, integrations.seq LIMIT :limit";

const FIND_IDENTIFIED: &str = "
    SELECT bot_integrations.agent_seq, bot_integrations.seq
    FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.integration_seq = :integration
      AND bot_integrations.identifier = :identifier AND bot_integrations.enabled
      AND agents.deleted_at IS NULL
    ORDER BY bot_integrations.seq";

/// Finds the integration that owns the shared webhook with this name: in the given workspace, else in the
/// workspace that owns the name. A request never reaches integrations of two workspaces, because each would see
/// requests for the other.
///
/// # Errors
/// `NotFound` if the integration does not exist or has no installation; errors of the store.
pub fn find_shared(
    app: &App,
    workspace: Option<WorkspaceId>,
    name: &str,
) -> Result<WebhookReceiver> {
    let found = app.store().read(|conn| {
        let workspace = match workspace {
            Some(workspace) => Some(workspace),
            None => integrations::find_owner(conn, name)?,
        };
        let Some(workspace) = workspace else {
            return Ok(None);
        };
        let parameters = named_params! {":workspace_id": workspace, ":name": name, ":limit": 1};
        let installed = conn
            .prepare_cached(INSTALLED_VERSIONS)?
            .exists(parameters)?;
        Ok(installed.then_some(workspace))
    })?;
    let workspace = found.ok_or_else(|| Error::not_found(NO_INSTALLATION))?;
    let name = name.to_owned();
    Ok(WebhookReceiver::Shared(SharedWebhook { workspace, name }))
}

fn load_versions(
    conn: &Connection,
    app: &App,
    webhook: &SharedWebhook,
) -> Result<Vec<IntegrationVersion>> {
    let mut statement = conn.prepare_cached(INSTALLED_VERSIONS)?;
    let parameters = named_params! {
        ":workspace_id": webhook.workspace, ":name": webhook.name, ":limit": MAX_VERSIONS,
    };
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, IntegrationId)> = rows.collect::<rusqlite::Result<_>>()?;
    let whole = rows.into_iter().map(|(seq, id)| {
        Ok(IntegrationVersion {
            seq,
            definition: app
                .definition_cache()
                .get_integration_definition(conn, seq)?,
            secrets: integrations::load_secrets(conn, app.sealer(), &id)?,
            id,
        })
    });
    whole.collect()
}

fn find_identified(
    conn: &Connection,
    integration: i64,
    identifier: &str,
) -> Result<Vec<InstallationRows>> {
    let mut statement = conn.prepare_cached(FIND_IDENTIFIED)?;
    let parameters = named_params! {":integration": integration, ":identifier": identifier};
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forwards a request to the installations that the extract script identifies, and returns the response of the
/// first one. If there is none, the fallback script responds.
///
/// # Errors
/// `NotFound` if the integration has no installation, or if no installation matches and there is no fallback
/// script; `Runtime` if the fallback script fails; errors of [`super::receive`].
pub(super) async fn receive(
    app: &App,
    webhook: &SharedWebhook,
    request: &InboundRequest,
) -> Result<CallResponse> {
    let all = app.store().read(|conn| load_versions(conn, app, webhook))?;
    let mut failures = Vec::new();
    let found = find_installations(app, &all, request, &mut failures).await;
    log_lines(app, LogLevel::Warn, failures).await?;
    let mut given = join_all(
        found?
            .into_iter()
            .map(|place| forward_request(app, place, request)),
    )
    .await
    .into_iter();
    if let Some(first) = given.next() {
        return first;
    }
    for integration in &all {
        if let Some(script) = &integration.definition.identifier.fallback_handler_script {
            return integration.run_fallback(app, script, request).await;
        }
    }
    Err(Error::not_found(NO_INSTALLATION))
}

/// Returns the installations with the identifier that a version's script extracts; the newest version with a
/// match wins. A script that fails matches nothing: verification requests of providers lack the body that it
/// reads, and the fallback script responds to them.
async fn find_installations(
    app: &App,
    all: &[IntegrationVersion],
    request: &InboundRequest,
    failures: &mut Vec<(IntegrationId, String)>,
) -> Result<Vec<InstallationRows>> {
    let watch = Stopwatch::start();
    for integration in all {
        let Some(script) = &integration.definition.identifier.extract_script else {
            continue;
        };
        if watch.elapsed() > MAX_SCRIPTS_TIME {
            let text =
                format!("The scripts for this webhook took longer than {MAX_SCRIPTS_TIME:?}");
            return Err(Error::new(Kind::Runtime, text));
        }
        let identifier = match integration.run_script(app, script, request).await {
            Ok(Value::String(identifier)) => identifier,
            Ok(_) => continue,
            Err(error) if error.is_transient() => return Err(retry_later_error(&error)),
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
            .read(|conn| find_identified(conn, integration.seq, &identifier))?;
        if !places.is_empty() {
            return Ok(places);
        }
    }
    Ok(Vec::new())
}

/// Maps a temporary script error to `Unavailable`.
fn retry_later_error(error: &ScriptError) -> Error {
    let retry_after = script::RETRY_AFTER;
    Error::new(Kind::Unavailable { retry_after }, error.to_string())
}

/// Appends lines to the logs of integrations in one write transaction.
async fn log_lines(app: &App, level: LogLevel, lines: Vec<(IntegrationId, String)>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    for (id, _) in &lines {
        app.recent_failures().record_script(app, id.as_str());
    }
    let parts = app.clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        let settings = parts.bot_settings();
        lines
            .iter()
            .try_for_each(|(id, text)| logs::record_for_integration(tx, settings, id, level, text))
    })
    .await
}

impl IntegrationVersion {
    /// Runs a script with a request as its input.
    async fn run_script(
        &self,
        app: &App,
        source: &str,
        request: &InboundRequest,
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

    /// Runs the fallback script and returns its response. Writes a failure to the integration's log.
    async fn run_fallback(
        &self,
        app: &App,
        source: &str,
        request: &InboundRequest,
    ) -> Result<CallResponse> {
        match self.run_script(app, source, request).await {
            Ok(answered) => self.parse_fallback(&answered),
            Err(error) if error.is_transient() => Err(retry_later_error(&error)),
            Err(error) => {
                let text = format!("A script for the shared webhook failed: {error}");
                log_lines(app, LogLevel::Error, vec![(self.id.clone(), text)]).await?;
                // The script's error may contain its input, so the sender gets a fixed text.
                let text = "A script of the integration failed; its log says why";
                Err(Error::new(Kind::Runtime, text))
            }
        }
    }

    /// Parses the fallback script's result: `{status?, headers?, body?}`.
    fn parse_fallback(&self, answered: &Value) -> Result<CallResponse> {
        if !answered.is_object() {
            let text = format!("The fallback script of {} must return an object", self.id);
            return Err(Error::new(Kind::Runtime, text));
        }
        let status = answered["status"].as_u64();
        let headers = answered["headers"].as_object().into_iter().flatten();
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Ok(CallResponse {
            status: status
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(200),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
                .collect(),
            body: text(&answered["body"]),
            body_stream: None,
        })
    }
}
