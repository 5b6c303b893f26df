//! Links that give access to one thing without a login: the document of an invoice, the page that confirms a payment
//! method, or the contents of a stored version of a bot. The key in a link is sealed, so nothing of it is stored. It is
//! valid while the API key that created the link is valid and the owner of that key has the right to the thing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rusqlite::Connection;

use crate::{
    domain::tenancy::{
        api_keys::{self, KeyOwner},
        members,
    },
    kernel::{
        Error, Result,
        ids::{ApiKeyId, WorkspaceId},
    },
    store::{Sealer, seal::SealLocation},
};

/// Purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Document of an invoice.
    Invoice,
    /// Confirmation of a workspace's payment method.
    Confirmation,
    /// Contents of a stored version of a bot.
    BotVersion,
}

impl Link {
    const fn location(self, id: &str) -> SealLocation<'_> {
        SealLocation {
            table: match self {
                Self::Invoice => "invoices",
                Self::Confirmation => "billing",
                Self::BotVersion => "bot_versions",
            },
            column: "link",
            row_id: id,
        }
    }

    /// Creates the key of a link to the resource `id`. It contains the API key of the creator and a payload.
    pub(in crate::domain) fn create_key(
        self,
        sealer: &Sealer,
        id: &str,
        (key_id, data): (&ApiKeyId, &str),
    ) -> String {
        let text = format!("{key_id}\n{data}");
        BASE64_URL_SAFE_NO_PAD.encode(sealer.seal(&self.location(id), text.as_bytes()))
    }

    /// Opens the key of a link to the resource `id`, and returns the API key of its creator and the payload.
    ///
    /// # Errors
    /// `NotFound` for an invalid key.
    pub(in crate::domain) fn open_key(
        self,
        sealer: &Sealer,
        id: &str,
        key: &str,
    ) -> Result<(ApiKeyId, String)> {
        let sealed = BASE64_URL_SAFE_NO_PAD
            .decode(key)
            .map_err(|_| invalid_link())?;
        let opened = sealer
            .open(&self.location(id), &sealed)
            .map_err(|_| invalid_link())?;
        let text = String::from_utf8(opened).map_err(|_| invalid_link())?;
        let (key_id, data) = text.split_once('\n').ok_or_else(invalid_link)?;
        Ok((key_id.into(), data.to_owned()))
    }
}

/// Returns the error for a link that is not valid.
pub(in crate::domain) fn invalid_link() -> Error {
    Error::not_found("This link is not valid")
}

/// Requires that the creator of a link may still manage the payments of a workspace: the link ends with the API key
/// that created it, and with the role of the key's owner.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub(super) fn require_paying_creator(
    conn: &Connection,
    workspace: &WorkspaceId,
    key_id: &ApiKeyId,
) -> Result<()> {
    let principal = api_keys::find_valid_by_id(conn, key_id)?;
    let account = match principal.map(|principal| principal.owner) {
        Some(KeyOwner::Account(account)) => account,
        _ => return Err(invalid_link()),
    };
    match members::find_role(conn, workspace, &account)? {
        Some(role) if super::may_pay(role) => Ok(()),
        _ => Err(invalid_link()),
    }
}
