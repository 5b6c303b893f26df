//! What users have allowed connectors to read, by OAuth 2.0 (cohere.md §3.6). A user is an API key:
//! each authorizes a connector for itself.

use rusqlite::{Connection, named_params};

use super::{Connector, SearchFailure};
use crate::{
    domain::{access::Call, context::Change},
    kernel::{Result, Secret, ids::ConnectorId},
    store::Sealer,
};

/// What keeps refreshes of one authorization apart.
#[derive(Default)]
pub struct Refreshes;

/// The access token of the caller for a connector.
pub(super) async fn access_token(
    _call: &Call,
    connector: &Connector,
) -> Result<Secret, SearchFailure> {
    Err(SearchFailure::Connector {
        message: format!(
            "failed to get auth token: user is not authenticated for connector {}",
            connector.id
        ),
        status: None,
    })
}

/// Another access token in the place of one that the connector refuses; none if there is none.
pub(super) async fn renewed_token(
    _call: &Call,
    _connector: &Connector,
    _refused: &Secret,
) -> Result<Option<Secret>, SearchFailure> {
    Ok(None)
}

const FORGET: &str = "DELETE FROM connector_authorizations WHERE connector_id = :id";
const FORGET_STATES: &str = "DELETE FROM connector_oauth_states WHERE connector_id = :id";

/// Forgets what users have authorized of a connector, and what they have begun to.
pub(super) fn forget(change: &Change<'_>, connector: &ConnectorId) -> Result<()> {
    for statement in [FORGET, FORGET_STATES] {
        change
            .conn
            .prepare_cached(statement)?
            .execute(named_params! {":id": connector})?;
    }
    Ok(())
}

/// The connectors with secrets of users that cannot be opened.
pub(super) fn unreadable(_conn: &Connection, _sealer: &Sealer) -> Result<Vec<ConnectorId>> {
    Ok(Vec::new())
}
