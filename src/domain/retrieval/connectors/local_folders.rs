//! Connectors for the folders of this server: registers them, and searches them without the
//! network.

use rusqlite::named_params;

use super::{
    Auth, Connector, Credentials, Document, Scheme,
    call::CallFailure,
    change::{INSERT, UPDATE, record_audit, write_row},
    rows::find_row,
};
use crate::{
    domain::{
        App,
        retrieval::folders::{self, PassageHit},
        tenancy::{audit::Actor, write_tx::WriteTx},
    },
    kernel::{
        Kind, Result, Secret,
        ids::{ConnectorId, WorkspaceId},
    },
};

/// Registers the configured folders as connectors of a workspace. Each folder is registered once,
/// so a deleted connector stays deleted; a registered connector gets the current URL and token.
/// `origin` is the origin of this server, such as `http://127.0.0.1:4600`.
///
/// # Errors
/// Errors of the store.
pub async fn register_folders(app: &App, workspace: &WorkspaceId, origin: &str) -> Result<()> {
    app.folders().set_origin(origin);
    for folder in app.folders().iter() {
        let (name, token) = (folder.name.clone(), folder.token.clone());
        let url = app.folders().search_url(&name);
        let (workspace, parts) = (workspace.clone(), app.clone());
        let registered =
            app.run_write_tx_as(Actor::System, move |tx| {
                match folders::find_connector(tx.conn, &name)? {
                    None => {
                        let id = create_connector(&parts, tx, &workspace, &name, url, token)?;
                        folders::set_connector(tx.conn, &name, id.as_str())
                    }
                    Some(id) => update_connector(&parts, tx, &id.into(), url, &token),
                }
            });
        registered.await?;
    }
    Ok(())
}

fn create_connector(
    app: &App,
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    name: &str,
    url: String,
    token: Secret,
) -> Result<ConnectorId> {
    let id = ConnectorId::new_slugged(name);
    let credentials = Credentials::Service(token).seal(app.sealer(), &id);
    let connector = Connector {
        id: id.clone(),
        workspace_id: workspace.clone(),
        name: name.to_owned(),
        description: Some("A folder of documents on this server".to_owned()),
        url,
        excludes: Vec::new(),
        auth: Some(Auth::Service(Scheme::Bearer)),
        auth_status: None,
        is_active: true,
        continue_on_failure: false,
        created_at: tx.now,
        updated_at: tx.now,
        credentials: Some(credentials),
    };
    write_row(tx, INSERT, &connector)?;
    record_audit(tx, &connector, "connector.create")?;
    Ok(id)
}

/// Updates the URL and the token of a connector, if the connector still exists.
fn update_connector(
    app: &App,
    tx: &WriteTx<'_>,
    id: &ConnectorId,
    url: String,
    token: &Secret,
) -> Result<()> {
    let mut workspace = tx
        .conn
        .prepare_cached("SELECT workspace_id FROM connectors WHERE id = :id")?;
    let mut found = workspace.query(named_params! {":id": id})?;
    let Some(row) = found.next()? else {
        return Ok(());
    };
    let workspace: WorkspaceId = row.get("workspace_id")?;
    // No user is involved here, so the user's authorization status does not matter.
    let mut connector = find_row(tx.conn, &workspace, &"".into(), id, tx.now)?;
    let known = connector.credentials.as_ref();
    let known = known.and_then(|sealed| Credentials::open(app.sealer(), id, sealed).ok());
    let credentials = Credentials::Service(token.clone());
    if connector.url == url && known.as_ref() == Some(&credentials) {
        return Ok(());
    }
    connector.url = url;
    connector.auth = Some(Auth::Service(Scheme::Bearer));
    connector.credentials = Some(credentials.seal(app.sealer(), id));
    connector.updated_at = tx.now;
    write_row(tx, UPDATE, &connector)?;
    Ok(())
}

/// Searches the folder that a URL belongs to; none if it is not the URL of a folder. The caller
/// needs the folder's token, as in a search over the network.
pub(super) async fn search_folder(
    app: &App,
    url: &str,
    query: &str,
    authorization: Option<&Secret>,
) -> Option<Result<Vec<Document>, CallFailure>> {
    let name = app.folders().find_name_by_url(url)?;
    let token = authorization.and_then(|header| header.expose().strip_prefix("Bearer "));
    let found = folders::search_with_token(app, &name, token.unwrap_or_default(), query).await;
    Some(match found {
        Ok(found) => Ok(found.into_iter().map(to_document).collect()),
        Err(error) => {
            let status = match error.kind() {
                Kind::Unauthenticated => 401,
                _ => 503,
            };
            Err(CallFailure {
                status: Some(status),
                message: format!(
                    "request failed with status code {status}: {}",
                    error.message()
                ),
            })
        }
    })
}

fn to_document(found: PassageHit) -> Document {
    let fields = found.into_fields();
    Document(fields.map(|(name, text)| (name.to_owned(), text)).into())
}
