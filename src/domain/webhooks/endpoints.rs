//! Reads and lists endpoints, and opens their secrets.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::{address, secret::SigningKey};
use crate::{
    domain::tenancy::{app::App, request_auth::RequestContext, sealed_columns::SealedColumn},
    kernel::{
        Error, Result, Rule, Secret, Timestamp, Violation,
        ids::{AgentId, WebhookEndpointId},
    },
    store::Sealer,
};

/// An endpoint: an address that receives an agent's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Id of the endpoint.
    pub id: WebhookEndpointId,
    /// The agent that it belongs to.
    pub agent_id: AgentId,
    /// The address; redacted for the operator.
    pub url: String,
    /// Description for people.
    pub description: String,
    /// Event types to deliver; all if empty.
    pub event_filters: Vec<String>,
    /// True if messages are delivered.
    pub enabled: bool,
    /// Time of the first failure since the last success.
    pub first_failure_at: Option<Timestamp>,
    /// Time at which it was disabled.
    pub disabled_at: Option<Timestamp>,
    /// Reason for which it was disabled.
    pub disabled_reason: Option<String>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of its owner's last change.
    pub updated_at: Timestamp,
}

/// The requested page of a list of endpoints.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Id of the first endpoint; the oldest if absent.
    pub from: Option<WebhookEndpointId>,
    /// Maximum number of endpoints.
    pub limit: u32,
}

/// A page of endpoints.
#[derive(Debug, Clone)]
pub struct EndpointPage {
    /// The endpoints, oldest first.
    pub items: Vec<Endpoint>,
    /// Id of the first endpoint of the next page, if there is one.
    pub next: Option<WebhookEndpointId>,
}

const FIND: &str = "
    SELECT * FROM webhook_endpoints
    WHERE agent_id = :agent_id AND id = :id AND deleted_at IS NULL";

/// Returns the endpoint with this id.
///
/// # Errors
/// `NotFound` if the caller's agent has no such endpoint, errors of the store.
pub fn find(call: &RequestContext, id: &WebhookEndpointId) -> Result<Endpoint> {
    let agent = &call.agent()?.id;
    let found = call
        .app()
        .store()
        .read(|conn| load_endpoint(conn, agent, id))?;
    found.into_endpoint(call.app().sealer())
}

/// Returns the secret that signs the endpoint's messages.
///
/// # Errors
/// `NotFound` if the caller's agent has no such endpoint, errors of the store.
pub fn load_secret(call: &RequestContext, id: &WebhookEndpointId) -> Result<Secret> {
    let agent = &call.agent()?.id;
    let found = call
        .app()
        .store()
        .read(|conn| load_endpoint(conn, agent, id))?;
    Ok(found.open_signing_key(call.app().sealer())?.to_secret())
}

const LIST: &str = "
    SELECT * FROM webhook_endpoints
    WHERE agent_id = :agent_id AND seq >= :from AND deleted_at IS NULL
    ORDER BY seq LIMIT :limit";

const FIND_SEQ: &str = "
    SELECT seq FROM webhook_endpoints
    WHERE agent_id = :agent_id AND id = :id AND deleted_at IS NULL";

/// Returns a page of the endpoints of the caller's agent, oldest first.
///
/// # Errors
/// `Invalid` if the first endpoint does not exist, errors of the store.
pub async fn list(call: &RequestContext, slice: PageRequest) -> Result<EndpointPage> {
    let agent = call.agent()?.id.clone();
    let app = call.app().clone();
    let read = move |conn: &Connection| {
        let from = match &slice.from {
            Some(id) => conn
                .prepare_cached(FIND_SEQ)?
                .query_row(named_params! {":agent_id": agent, ":id": id}, |row| {
                    row.get(0)
                })
                .optional()?
                .ok_or_else(|| {
                    let rule = Rule::Other("must be the cursor of a next_page_url".to_owned());
                    Error::from(Violation::query("cursor", rule))
                })?,
            None => 0_i64,
        };
        let limit = usize::try_from(slice.limit).unwrap_or(usize::MAX);
        let mut statement = conn.prepare_cached(LIST)?;
        let rows = statement.query_map(
            // The extra row is the first one of the next page.
            named_params! {":agent_id": agent, ":from": from, ":limit": slice.limit + 1},
            StoredEndpoint::from_row,
        )?;
        let mut items = Vec::new();
        for stored in rows {
            items.push(stored?.into_endpoint(app.sealer())?);
        }
        let next = items.get(limit).map(|endpoint| endpoint.id.clone());
        items.truncate(limit);
        Ok(EndpointPage { items, next })
    };
    call.app().store().scan(read).await
}

const LIST_ALL: &str = "SELECT * FROM webhook_endpoints WHERE deleted_at IS NULL ORDER BY seq";

/// Returns every endpoint of every agent, oldest first, for the operator. Addresses stay redacted.
///
/// # Errors
/// Errors of the store.
pub async fn list_all(app: &App) -> Result<Vec<Endpoint>> {
    let read = |conn: &Connection| {
        let mut statement = conn.prepare_cached(LIST_ALL)?;
        let rows = statement.query_map([], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    app.store().scan(read).await
}

const FIND_BY_URL_PART: &str = "
    SELECT * FROM webhook_endpoints
    WHERE instr(url, :part) > 0 AND deleted_at IS NULL ORDER BY seq";

/// Returns the keys that currently sign for the endpoints whose redacted address contains `part` and for which
/// `fits` is true.
///
/// # Errors
/// Errors of the store.
pub fn load_keys_by_url(
    conn: &Connection,
    sealer: &Sealer,
    part: &str,
    now: Timestamp,
    fits: impl Fn(&str) -> bool,
) -> Result<Vec<SigningKey>> {
    let mut statement = conn.prepare_cached(FIND_BY_URL_PART)?;
    let mut rows = statement.query(named_params! {":part": part})?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = StoredEndpoint::from_row(row)?;
        if fits(&stored.endpoint.url) {
            keys.push(stored.open_signing_key(sealer)?);
            keys.extend(stored.open_old_signing_key(sealer, now)?);
        }
    }
    Ok(keys)
}

/// An endpoint as stored, with its secrets still sealed.
pub(super) struct StoredEndpoint {
    pub(super) seq: i64,
    pub(super) endpoint: Endpoint,
    /// The sealed full address, if the one in `endpoint` is redacted.
    pub(super) sealed_url: Option<Vec<u8>>,
    sealed_secret: Vec<u8>,
    old_sealed_secret: Option<Vec<u8>>,
    pub(super) old_secret_until: Option<Timestamp>,
}

/// Loads an endpoint of an agent.
pub(super) fn load_endpoint(
    conn: &Connection,
    agent: &AgentId,
    id: &WebhookEndpointId,
) -> Result<StoredEndpoint> {
    conn.prepare_cached(FIND)?
        .query_row(
            named_params! {":agent_id": agent, ":id": id},
            StoredEndpoint::from_row,
        )
        .optional()?
        .ok_or_else(not_found)
}

const FIND_ANY: &str = "
    SELECT * FROM webhook_endpoints WHERE id = :id AND deleted_at IS NULL";

/// Loads an endpoint of any agent, for the operator.
pub(super) fn load_any_endpoint(
    conn: &Connection,
    id: &WebhookEndpointId,
) -> Result<StoredEndpoint> {
    conn.prepare_cached(FIND_ANY)?
        .query_row(named_params! {":id": id}, StoredEndpoint::from_row)
        .optional()?
        .ok_or_else(not_found)
}

const FIND_BY_SEQ: &str = "
    SELECT * FROM webhook_endpoints WHERE seq = :seq AND deleted_at IS NULL";

/// Loads an endpoint by its `seq`, for the dispatcher.
pub(super) fn load_endpoint_by_seq(conn: &Connection, seq: i64) -> Result<Option<StoredEndpoint>> {
    Ok(conn
        .prepare_cached(FIND_BY_SEQ)?
        .query_row(named_params! {":seq": seq}, StoredEndpoint::from_row)
        .optional()?)
}

pub(super) fn not_found() -> Error {
    Error::not_found("Webhook not found")
}

impl StoredEndpoint {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            endpoint: from_row(row)?,
            sealed_url: row.get("sealed_url")?,
            sealed_secret: row.get("secret")?,
            old_sealed_secret: row.get("old_secret")?,
            old_secret_until: row.get("old_secret_until")?,
        })
    }

    /// Opens the full address.
    pub(super) fn open_url(&self, sealer: &Sealer) -> Result<String> {
        match &self.sealed_url {
            Some(sealed) => address::open_address(sealer, &self.endpoint.id, sealed),
            None => Ok(self.endpoint.url.clone()),
        }
    }

    /// Returns the endpoint with its full address.
    pub(super) fn into_endpoint(mut self, sealer: &Sealer) -> Result<Endpoint> {
        self.endpoint.url = self.open_url(sealer)?;
        Ok(self.endpoint)
    }

    /// Opens the current signing key.
    pub(super) fn open_signing_key(&self, sealer: &Sealer) -> Result<SigningKey> {
        SigningKey::open(
            sealer,
            &self.endpoint.id,
            SealedColumn::WebhookSecret,
            &self.sealed_secret,
        )
    }

    /// Opens the previous signing key, if it still signs.
    pub(super) fn open_old_signing_key(
        &self,
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<Option<SigningKey>> {
        match (&self.old_sealed_secret, self.old_secret_until) {
            (Some(sealed), Some(until)) if now < until => SigningKey::open(
                sealer,
                &self.endpoint.id,
                SealedColumn::WebhookOldSecret,
                sealed,
            )
            .map(Some),
            _ => Ok(None),
        }
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Endpoint> {
    let filters: Value = row.get("event_filters")?;
    let filters = filters.as_array().into_iter().flatten();
    Ok(Endpoint {
        id: row.get("id")?,
        agent_id: row.get("agent_id")?,
        url: row.get("url")?,
        description: row.get("description")?,
        event_filters: filters
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        enabled: row.get("enabled")?,
        first_failure_at: row.get("first_failure_at")?,
        disabled_at: row.get("disabled_at")?,
        disabled_reason: row.get("disabled_reason")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
