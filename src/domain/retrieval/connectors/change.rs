//! Registers, updates and deletes connectors.

use rusqlite::named_params;
use serde_json::json;

use super::{
    Changes, Connector, Credentials, New,
    auth::{self, Auth, AuthWithCredentials},
    authorization, check,
    rows::{find, find_row, not_found},
};
use crate::{
    domain::{
        App,
        tenancy::{
            audit::{self, NewAuditRecord},
            bounds::Bound,
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Error, Kind, Result, ids::ConnectorId},
    store::Sealer,
};

pub(super) const INSERT: &str = "
    INSERT INTO connectors
        (id, workspace_id, name, description, url, excludes, auth_type, auth, credentials,
         is_active, continue_on_failure, created_at, updated_at)
    VALUES
        (:id, :workspace_id, :name, :description, :url, :excludes, :auth_type, :auth, :credentials,
         :is_active, :continue_on_failure, :created_at, :updated_at)
    ON CONFLICT (id) DO NOTHING";

const BOUND: Bound = Bound {
    owner_label: "A workspace",
    items_label: "connectors",
    setting: "connectors",
    limit: |bounds| bounds.connectors,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM connectors WHERE workspace_id = ?1",
};

/// Registers a connector in the caller's workspace. The connector must first respond to a test
/// query, unless the settings turn the test off or users must authorize the connector.
///
/// # Errors
/// `Invalid` if a value is not valid, `Upstream` with the reason if the test query fails,
/// `LimitExceeded` if the workspace has too many connectors, `Conflict` if the new id is taken, or
/// an error of the store. Nothing is stored then.
pub async fn create(call: &RequestContext, new: New) -> Result<Connector> {
    let app = call.app();
    check::check_name(&new.name)?;
    check::check_url(&["url"], &new.url)?;
    let id = ConnectorId::new_slugged(&new.name);
    let proof = auth::merge_auth(None, new.oauth, new.service_auth)?;
    let now = app.clock().now();
    let mut connector = Connector {
        id,
        workspace_id: call.workspace().clone(),
        name: new.name,
        description: new.description,
        url: new.url,
        excludes: new.excludes,
        auth: None,
        auth_status: None,
        is_active: new.is_active,
        continue_on_failure: new.continue_on_failure,
        created_at: now,
        updated_at: now,
        credentials: None,
    };
    connector.set_auth(proof, app.sealer());
    if app.connector_settings().test_on_registration {
        check::send_test_query(app, &connector).await?;
    }
    app.run_write_tx(call, move |tx, workspace| {
        BOUND.require(tx, workspace.as_str())?;
        if write_row(tx, INSERT, &connector)? == 0 {
            // The chance is one in two billion for two connectors of the same name.
            return Err(Error::new(Kind::Conflict, "the new id is taken; try again"));
        }
        record_audit(tx, &connector, "connector.create")?;
        Ok(connector)
    })
    .await
}

pub(super) const UPDATE: &str = "
    UPDATE connectors SET
        name = :name, description = :description, url = :url, excludes = :excludes,
        auth_type = :auth_type, auth = :auth, credentials = :credentials, is_active = :is_active,
        continue_on_failure = :continue_on_failure, created_at = :created_at,
        updated_at = :updated_at
    WHERE workspace_id = :workspace_id AND id = :id";

/// Updates a connector of the caller's workspace. A connector whose URL or token changes must first
/// respond to a test query, unless the settings turn the test off. Users must authorize the
/// connector again if its provider or client changes.
///
/// # Errors
/// `NotFound` if there is no such connector, `Invalid` if a value is not valid, `Upstream` if the
/// test query fails, `Conflict` if the connector changed during the test, or an error of the store.
/// Nothing is changed then.
pub async fn update(call: &RequestContext, id: ConnectorId, changes: Changes) -> Result<Connector> {
    if let Some(name) = &changes.name {
        check::check_name(name)?;
    }
    if let Some(url) = &changes.url {
        check::check_url(&["url"], url)?;
    }
    let app = call.app().clone();
    let before = find(call, &id)?;
    let calls_anew = changes.url.as_ref().is_some_and(|url| *url != before.url)
        || changes.service_auth.is_some();
    if calls_anew && app.connector_settings().test_on_update {
        let (after, _) = apply_changes(&app, before.clone(), changes.clone())?;
        check::send_test_query(&app, &after).await?;
    }
    let user = call.principal().key_id.clone();
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let stored = find_row(tx.conn, workspace, &user, &id, tx.now)?;
            if calls_anew
                && (&stored.url, &stored.credentials) != (&before.url, &before.credentials)
            {
                return Err(Error::new(
                    Kind::Conflict,
                    format!("connector '{id}' was changed at the same time; try again"),
                ));
            }
            let (mut connector, is_void) = apply_changes(&app, stored, changes)?;
            connector.updated_at = tx.now;
            if is_void {
                authorization::delete_connector_authorizations(tx, &id)?;
                connector.auth_status = None;
            }
            write_row(tx, UPDATE, &connector)?;
            record_audit(tx, &connector, "connector.update")?;
            Ok(connector)
        })
        .await
}

/// Applies the changes. Returns the connector, and true if the users' authorizations become void.
fn apply_changes(
    app: &App,
    mut connector: Connector,
    changes: Changes,
) -> Result<(Connector, bool)> {
    let mut is_void = false;
    if changes.oauth.is_some() || changes.service_auth.is_some() {
        let old = connector.open_auth(app.sealer())?;
        let new = auth::merge_auth(old.clone(), changes.oauth, changes.service_auth)?;
        is_void = oauth_client_key(&old) != oauth_client_key(&new);
        connector.set_auth(new, app.sealer());
    }
    connector.name = changes.name.unwrap_or(connector.name);
    connector.description = changes.description.or(connector.description);
    connector.url = changes.url.unwrap_or(connector.url);
    connector.excludes = changes.excludes.unwrap_or(connector.excludes);
    connector.is_active = changes.is_active.unwrap_or(connector.is_active);
    connector.continue_on_failure = changes
        .continue_on_failure
        .unwrap_or(connector.continue_on_failure);
    Ok((connector, is_void))
}

/// Returns the values that identify the OAuth client to which users' tokens belong.
fn oauth_client_key(proof: &AuthWithCredentials) -> Option<(&str, &str, &str)> {
    match proof {
        Some((Auth::OAuth(oauth), Credentials::OAuth { client_id, .. })) => {
            Some((&oauth.authorize_url, &oauth.token_url, client_id.expose()))
        }
        _ => None,
    }
}

impl Connector {
    fn open_auth(&self, sealer: &Sealer) -> Result<AuthWithCredentials> {
        match (&self.auth, &self.credentials) {
            (Some(auth), Some(sealed)) => {
                let credentials = Credentials::open(sealer, &self.id, sealed)?;
                Ok(Some((auth.clone(), credentials)))
            }
            _ => Ok(None),
        }
    }

    fn set_auth(&mut self, proof: AuthWithCredentials, sealer: &Sealer) {
        let (auth, credentials) = proof.unzip();
        self.credentials = credentials.map(|credentials| credentials.seal(sealer, &self.id));
        self.auth = auth;
    }
}

/// Executes a statement that binds every column of a connector. Returns the number of rows written.
pub(super) fn write_row(tx: &WriteTx<'_>, statement: &str, connector: &Connector) -> Result<usize> {
    let auth = connector.auth.as_ref();
    Ok(tx.conn.prepare_cached(statement)?.execute(named_params! {
        ":id": connector.id,
        ":workspace_id": connector.workspace_id,
        ":name": connector.name,
        ":description": connector.description,
        ":url": connector.url,
        ":excludes": json!(connector.excludes).to_string(),
        ":auth_type": auth.map(Auth::kind),
        ":auth": auth.map(|auth| auth.to_json().to_string()),
        ":credentials": connector.credentials,
        ":is_active": connector.is_active,
        ":continue_on_failure": connector.continue_on_failure,
        ":created_at": connector.created_at,
        ":updated_at": connector.updated_at,
    })?)
}

const DELETE: &str = "DELETE FROM connectors WHERE workspace_id = :workspace_id AND id = :id";

/// Deletes a connector of the caller's workspace with its log and its users' authorizations.
///
/// # Errors
/// `NotFound` if there is no such connector, or an error of the store.
pub async fn delete(call: &RequestContext, id: ConnectorId) -> Result<()> {
    let user = call.principal().key_id.clone();
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let connector = find_row(tx.conn, workspace, &user, &id, tx.now)?;
            let deleted = tx
                .conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":workspace_id": workspace, ":id": id})?;
            if deleted == 0 {
                return Err(not_found(&id));
            }
            record_audit(tx, &connector, "connector.delete")
        })
        .await
}

pub(super) fn record_audit(
    tx: &WriteTx<'_>,
    connector: &Connector,
    action: &'static str,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(&connector.workspace_id),
            action,
            resource_id: connector.id.as_str(),
            resource_name: Some(&connector.name),
        },
    )
}
