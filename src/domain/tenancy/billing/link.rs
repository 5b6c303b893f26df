//! Links that open one thing for whoever has them: the document of an invoice, the page on which a
//! payment method is confirmed. The key in them is sealed, so that no secret of theirs is stored. It ends
//! with the API key that asked for the link, and with the role of that one's holder.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rusqlite::Connection;

use crate::{
    domain::tenancy::{
        api_keys::{self, Owner},
        members,
    },
    kernel::{
        Error, Result,
        ids::{ApiKeyId, WorkspaceId},
    },
    store::{Sealer, seal::SealLocation},
};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The document of an invoice.
    Invoice,
    /// The confirmation of a workspace's payment method.
    Confirmation,
}

impl Link {
    const fn place(self, id: &str) -> SealLocation<'_> {
        SealLocation {
            table: match self {
                Self::Invoice => "invoices",
                Self::Confirmation => "billing",
            },
            column: "link",
            row_id: id,
        }
    }

    /// The key of a link to what has this id, with the API key of its maker and something to carry.
    pub(super) fn key(
        self,
        sealer: &Sealer,
        id: &str,
        (maker, carried): (&ApiKeyId, &str),
    ) -> String {
        let text = format!("{maker}\n{carried}");
        BASE64_URL_SAFE_NO_PAD.encode(sealer.seal(&self.place(id), text.as_bytes()))
    }

    /// The maker of a link to what has this id, and what its key carries.
    ///
    /// # Errors
    /// `NotFound` for another key.
    pub(super) fn open(self, sealer: &Sealer, id: &str, key: &str) -> Result<(ApiKeyId, String)> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(key).map_err(|_| broken())?;
        let opened = sealer
            .open(&self.place(id), &sealed)
            .map_err(|_| broken())?;
        let text = String::from_utf8(opened).map_err(|_| broken())?;
        let (maker, carried) = text.split_once('\n').ok_or_else(broken)?;
        Ok((maker.into(), carried.to_owned()))
    }
}

fn broken() -> Error {
    Error::not_found("This link is not valid")
}

/// Asserts that the maker of a link may still handle the money of a workspace: the link ends with the key
/// that asked for it, and with the role of its holder.
///
/// # Errors
/// `NotFound`, or those of the store.
pub(super) fn require_maker(
    conn: &Connection,
    workspace: &WorkspaceId,
    maker: &ApiKeyId,
) -> Result<()> {
    let principal = api_keys::find_valid_by_id(conn, maker)?;
    let account = match principal.map(|principal| principal.owner) {
        Some(Owner::Account(account)) => account,
        _ => return Err(broken()),
    };
    match members::role(conn, workspace, &account)? {
        Some(role) if super::pays(role) => Ok(()),
        _ => Err(broken()),
    }
}
