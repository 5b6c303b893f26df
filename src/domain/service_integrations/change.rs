//! Creates, updates and deletes service integrations.

use rusqlite::{Connection, named_params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tracing::info;
use uuid::Uuid;

use super::{
    Changes, New, Reveal, Service, ServiceIntegration,
    rows::{find_stored, not_found, seal_secrets},
    secrets::{SecretNames, SplitConfig, unescape},
};
use crate::{
    domain::tenancy::{
        app::App,
        audit::{self, NewAuditRecord},
        bounds::Bound,
        claims::{Claim, ProvenClaims, SharedClaim},
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Patch, RawObject, Result,
        ids::{ServiceIntegrationId, WorkspaceId},
        schema::Limits,
        violation::{Rule, Violation},
    },
};

/// Maximum length of a name, in characters; the limit of the sibling resource (aloochat.md §3).
const NAME_MAX: u64 = 255;

/// Combination of a new configuration with the old one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigUpdate {
    /// The new configuration replaces the old one.
    #[default]
    Replace,
    /// New members replace old members of the same name; null removes a member.
    Merge,
}

const BOUND: Bound = Bound {
    owner_label: "A workspace",
    items_label: "integrations",
    setting: "service_integrations",
    limit: |bounds| bounds.service_integrations,
    // The upper 32 bits of `seq` identify the workspace (see `row_range`).
    max_number_sql: Some(
        "SELECT max(seq) & 0xffffffff FROM service_integrations
         WHERE seq > (SELECT seq << 32 FROM workspaces WHERE id = ?1)
           AND seq < (SELECT (seq + 1) << 32 FROM workspaces WHERE id = ?1)",
    ),
    rows_sql: "SELECT 1 FROM service_integrations JOIN workspaces
             ON workspaces.id = ?1 AND service_integrations.workspace_id = ?1
            AND service_integrations.seq > workspaces.seq << 32
            AND service_integrations.seq < (workspaces.seq + 1) << 32",
};

const INSERT: &str = "
    INSERT INTO service_integrations
        (seq, id, workspace_id, service, name, config, secrets, is_active, visibility, agent_id,
         created_at, updated_at)
    VALUES (
        (SELECT coalesce(max(seq), :after) + 1 FROM service_integrations
         WHERE seq > :after AND seq < :before),
        :id, :workspace_id, :service, :name, :config, :secrets, :is_active, :visibility, :agent_id,
        :now, :now)";

/// Creates an integration in the caller's workspace.
///
/// # Errors
/// `Invalid` with the violated rules, `LimitExceeded` if the workspace has too many integrations,
/// or an error of the store.
pub async fn create(call: &RequestContext, new: New, reveal: Reveal) -> Result<ServiceIntegration> {
    let app = call.app();
    let settings = app.service_integration_settings();
    check_name(&new.name)?;
    check_agent(new.agent_id.as_deref())?;
    check_config(settings.max_config_bytes, new.service, &new.config)?;
    let parts = SplitConfig::split(new.config, app.secret_names());
    let id = ServiceIntegrationId::new_ordered_uuid(app.clock().now());
    let sealed = seal_secrets(app.sealer(), &id, &parts.secrets)?;
    app.run_write_tx(call, move |tx, workspace| {
        let numbers = tx.principal()?.workspace_rows;
        BOUND.require(tx, workspace.as_str())?;
        let public = RawObject::from(&parts.public);
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":after": numbers.after,
            ":before": numbers.before,
            ":id": id,
            ":workspace_id": workspace,
            ":service": new.service,
            ":name": new.name,
            ":config": public,
            ":secrets": sealed,
            ":is_active": new.is_active,
            ":visibility": new.visibility,
            ":agent_id": new.agent_id,
            ":now": tx.now,
        })?;
        record_audit(tx, workspace, "integration.create", &id, Some(&new.name))?;
        Ok(ServiceIntegration {
            id,
            workspace_id: workspace.clone(),
            name: new.name,
            service: new.service,
            config: returned_config(&parts, public, reveal),
            is_active: new.is_active,
            visibility: new.visibility,
            agent_id: new.agent_id,
        })
    })
    .await
}

const UPDATE: &str = "
    UPDATE service_integrations SET
        service = :service, name = :name, config = :config, secrets = :secrets,
        is_active = :is_active, visibility = :visibility, agent_id = :agent_id, updated_at = :now
    WHERE workspace_id = :workspace_id AND id = :id";

/// Updates an integration of the caller's workspace.
///
/// # Errors
/// `NotFound` if there is no such integration, `Invalid` with the violated rules, or an error of
/// the store.
pub async fn update(
    call: &RequestContext,
    id: ServiceIntegrationId,
    changes: Changes,
    config_update: ConfigUpdate,
    reveal: Reveal,
) -> Result<ServiceIntegration> {
    if let Some(name) = &changes.name {
        check_name(name)?;
    }
    if let Patch::Value(agent) = &changes.agent_id {
        check_agent(Some(agent))?;
    }
    let app = call.app().clone();
    let mut proven = ProvenClaims::default();
    let plan = app
        .store()
        .read(|conn| plan_update(conn, &app, call.workspace(), (&id, &changes, config_update)))?;
    proven.prove(
        SharedClaim::new(ValidConfig::for_update(&app, &plan)),
        call.schema_limits(),
    )?;
    call.app()
        .run_proven_write_tx(call, proven, move |tx, workspace| {
            let changes = (&id, &changes, config_update);
            let plan = plan_update(tx.conn, &app, workspace, changes)?;
            tx.claim(ValidConfig::for_update(&app, &plan));
            tx.require_proven()?;
            let PlannedUpdate {
                mut integration,
                parts,
                lost_secrets: removed_secrets,
            } = plan;
            let public = RawObject::from(&parts.public);
            tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
                ":id": id,
                ":workspace_id": workspace,
                ":service": integration.service,
                ":name": integration.name,
                ":config": public,
                ":secrets": seal_secrets(app.sealer(), &id, &parts.secrets)?,
                ":is_active": integration.is_active,
                ":visibility": integration.visibility,
                ":agent_id": integration.agent_id,
                ":now": tx.now,
            })?;
            record_audit(
                tx,
                workspace,
                "integration.update",
                &id,
                Some(&integration.name),
            )?;
            if !removed_secrets.is_empty() {
                info!(integration = %id, secrets = ?removed_secrets, "an update removed secrets whose members are gone");
            }
            integration.config = returned_config(&parts, public, reveal);
            Ok(integration)
        })
        .await
}

/// An integration after an update.
struct PlannedUpdate {
    integration: ServiceIntegration,
    parts: SplitConfig,
    /// JSON Pointers of the old secrets that the update removes.
    lost_secrets: Vec<String>,
}

fn plan_update(
    conn: &Connection,
    app: &App,
    workspace: &WorkspaceId,
    (id, changes, how): (&ServiceIntegrationId, &Changes, ConfigUpdate),
) -> Result<PlannedUpdate> {
    let stored = find_stored(conn, workspace, id)?;
    let mut old = stored.split_config(app.sealer())?;
    let mut integration = stored.integration;
    let changes = changes.clone();
    let service = changes.service.unwrap_or(integration.service);
    let mut removed_secrets = Vec::new();
    if service != integration.service {
        removed_secrets = old.drop_unknown(|member| service.has_member(member));
    }
    let parts = match changes.config {
        Some(config) => {
            let (parts, more) = merge_config(old, config, how, app.secret_names());
            removed_secrets.extend(more);
            parts
        }
        None => old,
    };
    integration.service = service;
    integration.name = changes.name.unwrap_or(integration.name);
    integration.is_active = changes.is_active.unwrap_or(integration.is_active);
    integration.visibility = changes.visibility.unwrap_or(integration.visibility);
    changes.agent_id.apply(&mut integration.agent_id);
    Ok(PlannedUpdate {
        integration,
        parts,
        lost_secrets: removed_secrets,
    })
}

/// Combines the old and the new configuration. Also returns the JSON Pointers of old secrets that
/// the result does not keep.
fn merge_config(
    mut old: SplitConfig,
    config: Map<String, Value>,
    how: ConfigUpdate,
    secret: &SecretNames,
) -> (SplitConfig, Vec<String>) {
    let mut new = SplitConfig::split(config, secret);
    let mut untouched = Map::new();
    let mut merged = None;
    if how == ConfigUpdate::Merge {
        let mut merged_public = old.public.clone();
        (untouched, old.secrets) = old.secrets.into_iter().partition(|(pointer, _)| {
            let mut steps = pointer.split('/').skip(1);
            let top = steps.next().unwrap_or_default();
            steps.next().is_some() && !new.public.contains_key(&unescape(top))
        });
        for (name, value) in &new.public {
            if value.is_null() {
                merged_public.shift_remove(name);
            } else {
                merged_public.insert(name.clone(), value.clone());
            }
        }
        merged = Some(merged_public);
    }
    let removed_secrets = new.keep_secrets(old);
    new.public = merged.unwrap_or(new.public);
    new.secrets.append(&mut untouched);
    (new, removed_secrets)
}

const DELETE: &str = "
    DELETE FROM service_integrations WHERE workspace_id = :workspace_id AND id = :id";

/// Deletes an integration of the caller's workspace with its secrets.
///
/// # Errors
/// `NotFound` if there is no such integration, or an error of the store.
pub async fn delete(call: &RequestContext, id: ServiceIntegrationId) -> Result<()> {
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let deleted = tx
                .conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":workspace_id": workspace, ":id": id})?;
            if deleted == 0 {
                return Err(not_found());
            }
            record_audit(tx, workspace, "integration.delete", &id, None)
        })
        .await
}

fn record_audit(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    action: &'static str,
    id: &ServiceIntegrationId,
    name: Option<&str>,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: id.as_str(),
            resource_name: name,
        },
    )
}

/// Returns the configuration for the response; `public` is the text of its public members.
fn returned_config(parts: &SplitConfig, public: RawObject, reveal: Reveal) -> RawObject {
    match reveal {
        Reveal::Nothing => public,
        Reveal::Secrets => RawObject::from(&parts.full_config()),
    }
}

fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count() as u64;
    match length {
        0 => Err(Violation::body(["name"], Rule::MinLength(1)).into()),
        1..=NAME_MAX => Ok(()),
        _ => Err(Violation::body(["name"], Rule::MaxLength(NAME_MAX)).into()),
    }
}

fn check_agent(agent: Option<&str>) -> Result<()> {
    match agent {
        Some(agent) if Uuid::try_parse(agent).is_err() => {
            Err(Violation::body(["agent_id"], Rule::Format("UUID".to_owned())).into())
        }
        _ => Ok(()),
    }
}

/// Claim that a configuration, secrets included, is valid for its service.
#[derive(PartialEq)]
struct ValidConfig {
    service: Service,
    config: Map<String, Value>,
    max_bytes: usize,
}

impl ValidConfig {
    fn for_update(app: &App, plan: &PlannedUpdate) -> Self {
        Self {
            service: plan.integration.service,
            config: plan.parts.full_config(),
            max_bytes: app.service_integration_settings().max_config_bytes,
        }
    }
}

impl Claim for ValidConfig {
    fn prove(&self, _: &Limits) -> Result<()> {
        check_config(self.max_bytes, self.service, &self.config)
    }
}

/// Checks the size and the members of a configuration, secrets included.
fn check_config(max_bytes: usize, service: Service, whole: &Map<String, Value>) -> Result<()> {
    let bytes = RawObject::from(whole).as_str().len();
    if bytes > max_bytes {
        let rule = format!("must have at most {max_bytes} bytes as JSON text, not {bytes}");
        return Err(Violation::body(["config"], Rule::Other(rule)).into());
    }
    let violations = service.check_config(&Value::Object(whole.clone()));
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::from_violations(violations))
    }
}
