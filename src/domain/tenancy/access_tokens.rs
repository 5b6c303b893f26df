//! Access tokens of installations of Ada's platform integrations: the principal and the scopes of a token. The issue
//! of tokens belongs to `platform_integrations`.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    api_keys::{KeyKind, KeyOwner, ValidKey},
    request_auth::RequestContext,
};
use crate::{
    domain::shared::sql::{read_enum_list, text_enum},
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{InstallationId, PlatformIntegrationId},
        secret::TokenHash,
    },
};

text_enum! {
    /// Permission that an installation's access token can have (ada.md §2.3).
    pub enum Scope {
        /// Read articles.
        ReadArticles = "articles:read",
        /// Change articles.
        WriteArticles = "articles:write",
        /// Read tags of articles.
        ReadArticleTags = "article_tags:read",
        /// Change tags of articles.
        WriteArticleTags = "article_tags:write",
        /// Read knowledge sources.
        ReadKnowledgeSources = "knowledge_sources:read",
        /// Change knowledge sources.
        WriteKnowledgeSources = "knowledge_sources:write",
        /// Read the installation that the token is for.
        ReadInstallations = "platform_integration_installations:read",
        /// Change the status of the installation that the token is for.
        WriteInstallations = "platform_integration_installations:write",
    }
}

/// Installation and permissions of an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The installation.
    pub installation_id: InstallationId,
    /// Id of the installed integration.
    pub integration_id: PlatformIntegrationId,
    /// Handle of the agent that created the integration.
    pub creator_handle: String,
    /// Granted scopes.
    pub scopes: Vec<Scope>,
    /// Time at which the token expires.
    pub expires_at: Timestamp,
}

impl RequestContext {
    /// Returns the grant of the installation that makes the request.
    ///
    /// # Errors
    /// `Forbidden` for a key of another kind.
    pub fn grant(&self) -> Result<&Grant> {
        self.principal().grant.as_ref().ok_or_else(|| {
            Error::new(
                Kind::Forbidden,
                "This needs the access token of an installation",
            )
        })
    }

    /// Requires a scope of a request with an installation's token. `None` rejects every such token. Other kinds of
    /// keys pass.
    ///
    /// # Errors
    /// `Forbidden` without the scope.
    pub fn require_scope(&self, needed: Option<Scope>) -> Result<()> {
        self.require_of_principal(move |principal| {
            let refused = match (&principal.grant, needed) {
                (None, _) => return Ok(()),
                (Some(grant), Some(needed)) if grant.scopes.contains(&needed) => return Ok(()),
                (Some(_), Some(needed)) => format!("This access token lacks the scope {needed}"),
                (Some(_), None) => "An installation's access token does not allow this".to_owned(),
            };
            Err(Error::new(Kind::Forbidden, refused))
        })
    }
}

const FIND_GRANT: &str = "
    SELECT t.id AS id, t.expires_at AS expires_at, i.id AS installation_id, i.integration_id,
           i.scopes AS scopes, i.agent_id AS agent_id, a.workspace_id AS workspace_id,
           c.handle AS creator_handle
    FROM platform_tokens AS t
    JOIN platform_installations AS i ON i.id = t.installation_id
    JOIN agents AS a ON a.id = i.agent_id
    JOIN platform_integrations AS p ON p.id = i.integration_id
    JOIN agents AS c ON c.id = p.agent_id
    WHERE t.hash = :hash AND t.kind = 'access' AND t.revoked_at IS NULL AND t.expires_at > :now";

/// Finds the principal and the grant of a valid access token.
pub(in crate::domain) fn find_grant(
    conn: &Connection,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<(ValidKey, Grant)>> {
    let found = conn.prepare_cached(FIND_GRANT)?.query_row(
        named_params! {":hash": hash.as_bytes().as_slice(), ":now": now},
        |row| {
            let principal = ValidKey {
                key_id: row.get("id")?,
                kind: KeyKind::AdaInstallation,
                owner: KeyOwner::Agent(row.get("workspace_id")?, row.get("agent_id")?),
            };
            let grant = Grant {
                installation_id: row.get("installation_id")?,
                integration_id: row.get("integration_id")?,
                creator_handle: row.get("creator_handle")?,
                scopes: read_scopes(row)?,
                expires_at: row.get("expires_at")?,
            };
            Ok((principal, grant))
        },
    );
    Ok(found.optional()?)
}

/// Reads the scopes of an integration or an installation.
pub(in crate::domain) fn read_scopes(row: &Row<'_>) -> rusqlite::Result<Vec<Scope>> {
    read_enum_list(row, "scopes", Scope::parse)
}
