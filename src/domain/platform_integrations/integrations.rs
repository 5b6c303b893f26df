//! Creates, changes and lists integrations.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::{
    Definition, DefinitionChanges, IntegrationStatus, PlatformIntegration, not_found,
    rows::{self, from_row, to_json_array},
};
use crate::{
    domain::{
        App,
        tenancy::{
            audit::{self, NewAuditRecord},
            bounds::Bound,
            claims::{ProvenClaims, SharedClaim},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Secret,
        ids::{AgentId, PlatformIntegrationId, WorkspaceId},
        secret::{TokenHash, new_hex_secret},
    },
};

/// A new integration and its secret, which cannot be retrieved later.
pub struct CreatedIntegration {
    /// The integration.
    pub integration: PlatformIntegration,
    /// OAuth client secret of the integration.
    pub client_secret: Secret,
}

const BOUND: Bound = Bound {
    owner_label: "An agent",
    items_label: "platform integrations",
    setting: "platform_integrations",
    limit: |bounds| bounds.platform_integrations,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM platform_integrations WHERE agent_id = ?1",
};

const INSERT: &str = "
    INSERT INTO platform_integrations
        (id, agent_id, status, name, description, author, contact, uninstallation_url,
         oauth_callback_url, tags, scopes, identifier_field_path, configuration_fields, icon_url,
         call_to_action, error_codes, client_secret_hash, created_at, updated_at)
    VALUES
        (:id, :agent_id, :status, '', '', '', '', '', '', '[]', '[]', '', '{}', NULL, NULL, NULL,
         :hash, :now, :now)";

/// Creates an integration of the caller's agent, in status `development`.
///
/// # Errors
/// `Invalid` with the broken rules, errors of the store.
pub async fn create(call: &RequestContext, definition: Definition) -> Result<CreatedIntegration> {
    definition.check(call.schema_limits())?;
    let agent = call.agent()?.id.clone();
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            BOUND.require(tx, agent.as_str())?;
            let client_secret = new_hex_secret();
            let integration = PlatformIntegration {
                id: PlatformIntegrationId::new_hex24(tx.now),
                agent_id: agent,
                status: IntegrationStatus::Development,
                definition,
                created_at: tx.now,
                updated_at: tx.now,
            };
            tx.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":id": integration.id,
                ":agent_id": integration.agent_id,
                ":status": integration.status,
                ":hash": TokenHash::of(client_secret.expose()).as_bytes().as_slice(),
                ":now": tx.now,
            })?;
            write_definition(tx, &integration)?;
            record_audit(tx, workspace, "platform_integration.create", &integration)?;
            Ok(CreatedIntegration {
                integration,
                client_secret,
            })
        })
        .await
}

/// Changes an integration of the caller's agent.
///
/// # Errors
/// `NotFound` if the agent has no such integration, `Forbidden` unless it is in development, `Invalid` with the
/// broken rules, errors of the store.
pub async fn update(
    call: &RequestContext,
    id: PlatformIntegrationId,
    changes: DefinitionChanges,
) -> Result<PlatformIntegration> {
    let agent = call.agent()?.id.clone();
    let store = call.app().store();
    let updated = store.read(|conn| load_with_changes(conn, &agent, &id, &changes))?;
    let mut proven = ProvenClaims::default();
    proven.prove(SharedClaim::new(updated.definition), call.schema_limits())?;
    call.app()
        .run_proven_write_tx(call, proven, move |tx, workspace| {
            let mut integration = load_with_changes(tx.conn, &agent, &id, &changes)?;
            tx.claim(integration.definition.clone());
            tx.require_proven()?;
            integration.updated_at = tx.now;
            write_definition(tx, &integration)?;
            record_audit(tx, workspace, "platform_integration.update", &integration)?;
            Ok(integration)
        })
        .await
}

/// Returns an integration with the changes applied and not checked.
fn load_with_changes(
    conn: &Connection,
    agent: &AgentId,
    id: &PlatformIntegrationId,
    changes: &DefinitionChanges,
) -> Result<PlatformIntegration> {
    let mut integration = rows::find_for_agent(conn, agent, id)?;
    if integration.status != IntegrationStatus::Development {
        return Err(Error::new(
            Kind::Forbidden,
            format!(
                "An integration that is {} cannot be changed",
                integration.status
            ),
        ));
    }
    integration.definition.apply(changes.clone());
    Ok(integration)
}

const UPDATE: &str = "
    UPDATE platform_integrations SET
        name = :name, description = :description, author = :author, contact = :contact,
        uninstallation_url = :uninstallation_url, oauth_callback_url = :oauth_callback_url,
        tags = :tags, scopes = :scopes, identifier_field_path = :identifier_field_path,
        configuration_fields = :configuration_fields, icon_url = :icon_url,
        call_to_action = :call_to_action, error_codes = :error_codes, updated_at = :now
    WHERE agent_id = :agent_id AND id = :id";

fn write_definition(tx: &WriteTx<'_>, integration: &PlatformIntegration) -> Result<()> {
    let definition = &integration.definition;
    let fields = Value::Object(definition.configuration_fields.clone());
    let codes = definition.error_codes.clone().map(Value::Object);
    tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":id": integration.id,
        ":agent_id": integration.agent_id,
        ":name": definition.name,
        ":description": definition.description,
        ":author": definition.author,
        ":contact": definition.contact,
        ":uninstallation_url": definition.uninstallation_url,
        ":oauth_callback_url": definition.oauth_callback_url,
        ":tags": to_json_array(definition.tags.iter().map(|tag| tag.as_str())),
        ":scopes": to_json_array(definition.scopes.iter().map(|scope| scope.as_str())),
        ":identifier_field_path": definition.identifier_field_path,
        ":configuration_fields": fields.to_string(),
        ":icon_url": definition.icon_url,
        ":call_to_action": definition.call_to_action,
        ":error_codes": codes.map(|codes| codes.to_string()),
        ":now": integration.updated_at,
    })?;
    Ok(())
}

pub(super) fn record_audit(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    action: &'static str,
    integration: &PlatformIntegration,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: integration.id.as_str(),
            resource_name: Some(&integration.definition.name),
        },
    )
}

/// Returns an integration of any agent: an agent may install every integration whose id it has.
///
/// # Errors
/// `NotFound` if there is no such integration, errors of the store.
pub fn find_any(app: &App, id: &PlatformIntegrationId) -> Result<PlatformIntegration> {
    app.store().read(|conn| rows::find(conn, id))
}

/// A page of a list of integrations.
#[derive(Debug)]
pub struct IntegrationPage {
    /// The integrations, oldest first.
    pub items: Vec<PlatformIntegration>,
    /// Id of the first integration of the next page, if there is one.
    pub next: Option<PlatformIntegrationId>,
}

const FIND_SEQ: &str = "
    SELECT seq FROM platform_integrations WHERE agent_id = :agent_id AND id = :id";

const LIST: &str = "
    SELECT * FROM platform_integrations WHERE agent_id = :agent_id AND seq >= :from
    ORDER BY seq LIMIT :limit";

/// Returns a page of the integrations of the caller's agent, oldest first, beginning with `cursor`.
///
/// # Errors
/// `NotFound` if the agent has no integration with the id `cursor`, errors of the store.
pub async fn list(
    call: &RequestContext,
    cursor: Option<PlatformIntegrationId>,
    limit: u32,
) -> Result<IntegrationPage> {
    let agent = call.agent()?.id.clone();
    call.app()
        .store()
        .scan(move |conn| list_page(conn, &agent, cursor.as_ref(), limit))
        .await
}

fn list_page(
    conn: &Connection,
    agent: &AgentId,
    cursor: Option<&PlatformIntegrationId>,
    limit: u32,
) -> Result<IntegrationPage> {
    let from = match cursor {
        Some(id) => conn
            .prepare_cached(FIND_SEQ)?
            .query_row(named_params! {":agent_id": agent, ":id": id}, |row| {
                row.get(0)
            })
            .optional()?
            .ok_or_else(not_found)?,
        None => 0_i64,
    };
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(
        // The extra row is the first one of the next page.
        named_params! {":agent_id": agent, ":from": from, ":limit": i64::from(limit) + 1},
        from_row,
    )?;
    let mut items: Vec<PlatformIntegration> = rows.collect::<rusqlite::Result<_>>()?;
    let next = (items.len() > limit as usize)
        .then(|| items.pop())
        .flatten()
        .map(|integration| integration.id);
    Ok(IntegrationPage { items, next })
}

const LIST_ALL: &str = "
    SELECT p.*, a.handle AS handle FROM platform_integrations AS p
    JOIN agents AS a ON a.id = p.agent_id ORDER BY p.seq";

/// Returns the integrations of all agents, oldest first, with the handles of the agents that created them. For
/// the operator only.
///
/// # Errors
/// Errors of the store.
pub fn list_all(conn: &Connection) -> Result<Vec<(PlatformIntegration, String)>> {
    let mut statement = conn.prepare_cached(LIST_ALL)?;
    let rows = statement.query_map([], |row| Ok((from_row(row)?, row.get("handle")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
