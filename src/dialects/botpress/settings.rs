//! Settings of the Botpress dialect.

use poem::Request;
use serde::{Deserialize, Serialize};

use crate::http::{PublicUrl, origin};

/// What users may want otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address that others reach webhooks at, if it is not that of the server: of a tunnel.
    pub webhook_url: Option<PublicUrl>,
    /// The pages that the chat of a bot may be put into: their origins. Any if it is not set, none if
    /// it is empty.
    pub chat_embedders: Option<Vec<PublicUrl>>,
}

/// What the addresses that are shown begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Those of this server: `http://127.0.0.1:4600`.
    pub server: String,
    /// Those of webhooks: `http://127.0.0.1:4600/webhook`.
    pub webhooks: String,
}

impl Settings {
    /// What addresses begin with for a caller.
    pub fn addresses(&self, request: &Request) -> Addresses {
        let server = origin(request);
        let webhooks = match &self.webhook_url {
            Some(url) => format!("{url}/webhook"),
            None => format!("{server}/webhook"),
        };
        Addresses { server, webhooks }
    }
}
