//! Creates, updates and deletes endpoints, and rotates their secrets.

use rusqlite::{Connection, named_params};
use serde_json::json;

use super::{
    Endpoint, Settings,
    address::StoredAddress,
    checks::{check_description, check_endpoint_limit, check_url, validate_event_filters},
    endpoints::{load_endpoint, not_found},
    queue,
    secret::SigningKey,
};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        request_auth::RequestContext,
        sealed_columns::SealedColumn,
        write_tx::WriteTx,
    },
    kernel::{
        Result, Timestamp,
        ids::{WebhookEndpointId, WorkspaceId},
    },
};

/// The values of a new endpoint.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Address to deliver to.
    pub url: String,
    /// Description for people.
    pub description: String,
    /// Event types to deliver; all if empty.
    pub event_filters: Vec<String>,
    /// True if messages are delivered.
    pub enabled: bool,
}

/// The changes of an update. Absent fields stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct EndpointChanges {
    /// New address.
    pub url: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New event types.
    pub event_filters: Option<Vec<String>>,
    /// New state: true if messages are delivered.
    pub enabled: Option<bool>,
}

const INSERT: &str = "
    INSERT INTO webhook_endpoints
        (id, agent_id, url, sealed_url, description, event_filters, enabled, secret, disabled_at,
         disabled_reason, created_at, updated_at)
    VALUES
        (:id, :agent_id, :url, :sealed_url, :description, :event_filters, :enabled, :secret, :disabled_at,
         :disabled_reason, :now, :now)";

/// Creates an endpoint of the caller's agent, with a new secret.
///
/// # Errors
/// `Invalid` with the broken rules, errors of the store.
pub async fn create(call: &RequestContext, new: NewEndpoint) -> Result<Endpoint> {
    let agent = call.agent()?.id.clone();
    let app = call.app();
    let max = app.webhook_settings().max_endpoints;
    check_url(app, &new.url).await?;
    check_description(&new.description)?;
    let event_filters = validate_event_filters(new.event_filters)?;
    let id = WebhookEndpointId::new_endpoint();
    let secret = SigningKey::generate().seal(app.sealer(), &id, SealedColumn::WebhookSecret);
    let address = StoredAddress::seal(app.sealer(), &id, &new.url);
    let created = app.run_write_tx(call, move |tx, workspace| {
        check_endpoint_limit(tx.conn, &agent, max)?;
        let disabled_at = (!new.enabled).then_some(tx.now);
        let endpoint = Endpoint {
            id,
            agent_id: agent,
            url: new.url,
            description: new.description,
            event_filters,
            enabled: new.enabled,
            first_failure_at: None,
            disabled_at,
            disabled_reason: disabled_at.map(|_| DISABLED_BY_OWNER.to_owned()),
            created_at: tx.now,
            updated_at: tx.now,
        };
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": endpoint.id,
            ":agent_id": endpoint.agent_id,
            ":url": address.redacted,
            ":sealed_url": address.sealed,
            ":description": endpoint.description,
            ":event_filters": json!(endpoint.event_filters).to_string(),
            ":enabled": endpoint.enabled,
            ":secret": secret,
            ":disabled_at": endpoint.disabled_at,
            ":disabled_reason": endpoint.disabled_reason,
            ":now": tx.now,
        })?;
        record_audit(tx, workspace, "webhook.create", &endpoint.id)?;
        Ok(endpoint)
    });
    created.await
}

/// `disabled_reason` of an endpoint that its owner disabled.
const DISABLED_BY_OWNER: &str = "disabled by its owner";

const UPDATE: &str = "
    UPDATE webhook_endpoints SET
        url = :url, sealed_url = :sealed_url, description = :description,
        event_filters = :event_filters, enabled = :enabled, first_failure_at = :first_failure_at,
        disabled_at = :disabled_at, disabled_reason = :disabled_reason, updated_at = :now
    WHERE agent_id = :agent_id AND id = :id";

/// Updates an endpoint of the caller's agent. Enabling it resets its failure history. Disabling it fails its
/// pending deliveries; the operator can recover them.
///
/// # Errors
/// `NotFound` if the agent has no such endpoint, `Invalid` with the broken rules, errors of the store.
pub async fn update(
    call: &RequestContext,
    id: WebhookEndpointId,
    changes: EndpointChanges,
) -> Result<Endpoint> {
    let agent = call.agent()?.id.clone();
    let app = call.app();
    if let Some(url) = &changes.url {
        check_url(app, url).await?;
    }
    if let Some(description) = &changes.description {
        check_description(description)?;
    }
    let filters = changes
        .event_filters
        .map(validate_event_filters)
        .transpose()?;
    let parts = app.clone();
    let updated = app.run_write_tx(call, move |tx, workspace| {
        let found = load_endpoint(tx.conn, &agent, &id)?;
        let seq = found.seq;
        let mut endpoint = found.into_endpoint(parts.sealer())?;
        endpoint.url = changes.url.unwrap_or(endpoint.url);
        let address = StoredAddress::seal(parts.sealer(), &id, &endpoint.url);
        endpoint.description = changes.description.unwrap_or(endpoint.description);
        endpoint.event_filters = filters.unwrap_or(endpoint.event_filters);
        endpoint.updated_at = tx.now;
        match changes.enabled {
            Some(true) => {
                endpoint.enabled = true;
                endpoint.first_failure_at = None;
                endpoint.disabled_at = None;
                endpoint.disabled_reason = None;
            }
            Some(false) if endpoint.enabled => {
                endpoint.enabled = false;
                endpoint.disabled_at = Some(tx.now);
                endpoint.disabled_reason = Some(DISABLED_BY_OWNER.to_owned());
                fail_pending(tx.conn, seq)?;
            }
            _ => {}
        }
        tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
            ":id": id,
            ":agent_id": agent,
            ":url": address.redacted,
            ":sealed_url": address.sealed,
            ":description": endpoint.description,
            ":event_filters": json!(endpoint.event_filters).to_string(),
            ":enabled": endpoint.enabled,
            ":first_failure_at": endpoint.first_failure_at,
            ":disabled_at": endpoint.disabled_at,
            ":disabled_reason": endpoint.disabled_reason,
            ":now": tx.now,
        })?;
        record_audit(tx, workspace, "webhook.update", &id)?;
        tx.run_after_commit(|app| app.webhook_doorbell().invalidate_endpoints());
        Ok(endpoint)
    });
    updated.await
}

const DELETE: &str = "
    UPDATE webhook_endpoints SET
        deleted_at = :now, enabled = 0, url = '', sealed_url = NULL, description = '',
        secret = x'', old_secret = NULL, old_secret_until = NULL
    WHERE agent_id = :agent_id AND id = :id AND deleted_at IS NULL";

/// Deletes an endpoint of the caller's agent. Its address and secrets go at once. The dispatcher removes its
/// deliveries and attempts in steps, because there may be millions.
///
/// # Errors
/// `NotFound` if the agent has no such endpoint, errors of the store.
pub async fn delete(call: &RequestContext, id: WebhookEndpointId) -> Result<()> {
    let agent = call.agent()?.id.clone();
    let deleted = call.app().run_write_tx(call, move |tx, workspace| {
        let deleted = tx
            .conn
            .prepare_cached(DELETE)?
            .execute(named_params! {":agent_id": agent, ":id": id, ":now": tx.now})?;
        if deleted == 0 {
            return Err(not_found());
        }
        tx.run_after_commit(|app| app.webhook_doorbell().invalidate_endpoints());
        record_audit(tx, workspace, "webhook.delete", &id)
    });
    deleted.await
}

const ROTATE: &str = "
    UPDATE webhook_endpoints SET
        secret = :secret, old_secret = :old_secret, old_secret_until = :old_secret_until,
        updated_at = :now
    WHERE seq = :seq";

/// Replaces the secret of an endpoint with `key`, or with a generated one. Until `old_secret_until`, messages
/// are also signed with the old secret.
///
/// # Errors
/// `NotFound` if the agent has no such endpoint, `Invalid` for a malformed key, errors of the store.
pub async fn rotate_secret(
    call: &RequestContext,
    id: WebhookEndpointId,
    key: Option<&str>,
) -> Result<()> {
    let agent = call.agent()?.id.clone();
    let new = match key {
        Some(key) => SigningKey::parse(key)?,
        None => SigningKey::generate(),
    };
    let app = call.app().clone();
    let rotated = call.app().run_write_tx(call, move |tx, workspace| {
        let found = load_endpoint(tx.conn, &agent, &id)?;
        let old = found.open_signing_key(app.sealer())?;
        if old == new {
            return Ok(());
        }
        let until = tx.now.plus(app.webhook_settings().old_secret_lifetime());
        tx.conn.prepare_cached(ROTATE)?.execute(named_params! {
            ":seq": found.seq,
            ":secret": new.seal(app.sealer(), &id, SealedColumn::WebhookSecret),
            ":old_secret": old.seal(app.sealer(), &id, SealedColumn::WebhookOldSecret),
            ":old_secret_until": until,
            ":now": tx.now,
        })?;
        tx.run_after_commit(|app| app.webhook_doorbell().invalidate_endpoints());
        record_audit(tx, workspace, "webhook.rotate_secret", &id)
    });
    rotated.await
}

const FAIL_PENDING: &str = "
    UPDATE webhook_deliveries INDEXED BY webhook_deliveries_due
    SET state = 'failed', manual = 0, due_at = NULL, lease_until = NULL
    WHERE endpoint_seq = :seq AND state = 'pending'";

/// Fails the pending deliveries of a disabled endpoint. They are delivered only if the endpoint is enabled again
/// and the operator recovers them.
pub(super) fn fail_pending(conn: &Connection, seq: i64) -> Result<()> {
    conn.prepare_cached(FAIL_PENDING)?
        .execute(named_params! {":seq": seq})?;
    queue::fail_all(conn, seq)
}

const DISABLE: &str = "
    UPDATE webhook_endpoints SET enabled = 0, disabled_at = :now, disabled_reason = :reason
    WHERE seq = :seq AND enabled = 1";

const FIND_WORKSPACE: &str = "
    SELECT webhook_endpoints.id, workspace_id FROM webhook_endpoints
    JOIN agents ON agents.id = agent_id WHERE webhook_endpoints.seq = :seq";

/// Disables an endpoint that does not work. `updated_at` stays, because the owner did not change it. Returns
/// true if the endpoint was enabled.
pub(super) fn disable_endpoint(tx: &WriteTx<'_>, seq: i64, reason: &str) -> Result<bool> {
    let disabled = tx.conn.prepare_cached(DISABLE)?.execute(named_params! {
        ":seq": seq,
        ":now": tx.now,
        ":reason": reason,
    })?;
    if disabled == 0 {
        return Ok(false);
    }
    fail_pending(tx.conn, seq)?;
    let (id, workspace): (WebhookEndpointId, WorkspaceId) = tx
        .conn
        .prepare_cached(FIND_WORKSPACE)?
        .query_row(named_params! {":seq": seq}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    tracing::warn!(endpoint = %id, reason, "a webhook endpoint is disabled");
    record_audit(tx, &workspace, "webhook.disable", &id)?;
    Ok(true)
}

fn record_audit(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    action: &'static str,
    id: &WebhookEndpointId,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: id.as_str(),
            resource_name: None,
        },
    )
}

/// True if an endpoint that has failed since `first` is to be disabled.
pub(super) fn is_failing_too_long(settings: &Settings, first: Timestamp, now: Timestamp) -> bool {
    now.since(first) >= settings.disable_after()
}
