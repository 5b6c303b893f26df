//! Settings of the Botpress dialect.

use poem::Request;
use serde::{Deserialize, Serialize};

use crate::http::{PublicUrl, origin};

/// Settings of the `[botpress]` section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address at which outside services reach webhooks, for example a tunnel service; the server's own
    /// address if absent.
    pub webhook_url: Option<PublicUrl>,
    /// Origins of the pages that may embed a bot's chat page: all if absent, none if empty.
    pub chat_embedders: Option<Vec<PublicUrl>>,
}

/// Base addresses for links in responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrls {
    /// Base of this server's addresses: `http://127.0.0.1:4600`.
    pub server: String,
    /// Base of webhook addresses: `http://127.0.0.1:4600/webhook`.
    pub webhooks: String,
}

impl Settings {
    /// Returns the base addresses for the origin of a request.
    pub fn base_urls(&self, request: &Request) -> BaseUrls {
        let server = origin(request);
        let webhooks = match &self.webhook_url {
            Some(url) => format!("{url}/webhook"),
            None => format!("{server}/webhook"),
        };
        BaseUrls { server, webhooks }
    }
}
