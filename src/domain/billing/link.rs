//! Links that open one thing for whoever has them: the document of an invoice, the page on which a
//! payment method is confirmed. The key in them is sealed, so that no secret of theirs is stored.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    kernel::{Error, Result},
    store::{Sealer, seal::Place},
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
    const fn place(self, id: &str) -> Place<'_> {
        Place {
            table: match self {
                Self::Invoice => "invoices",
                Self::Confirmation => "billing",
            },
            column: "link",
            row_id: id,
        }
    }

    /// The key of a link to what has this id, with something to carry.
    pub(super) fn key(self, sealer: &Sealer, id: &str, carried: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(sealer.seal(&self.place(id), carried.as_bytes()))
    }

    /// What the key of a link to what has this id carries.
    ///
    /// # Errors
    /// `NotFound` for another key.
    pub(super) fn open(self, sealer: &Sealer, id: &str, key: &str) -> Result<String> {
        let broken = || Error::not_found("This link is not valid");
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(key).map_err(|_| broken())?;
        let opened = sealer
            .open(&self.place(id), &sealed)
            .map_err(|_| broken())?;
        String::from_utf8(opened).map_err(|_| broken())
    }
}
