//! Settings of the Botpress dialect.

use poem::{Request, http::header};
use serde::{Deserialize, Serialize};

/// What users may want otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address that webhooks, icons and files of this server have for others:
    /// `https://bots.example.com`. Absent, that at which the caller asks.
    pub public_url: Option<String>,
}

impl Settings {
    /// The address of this server for others.
    pub fn origin(&self, request: &Request) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let host = request.header(header::HOST).unwrap_or("127.0.0.1:4600");
                format!("http://{host}")
            }
        }
    }
}
