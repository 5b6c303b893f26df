//! Settings of connectors.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::retrieval::folders::FolderSettings;

/// Settings of connectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True if a registration requires a response to a test query.
    pub test_on_registration: bool,
    /// True if an update of the URL or the credentials requires a response to a test query.
    pub test_on_update: bool,
    /// Query of the test.
    // wire: the vendor's own query is not published (cohere.md §3.5)
    pub test_query: String,
    /// Replacement addresses for the hosts of connectors.
    pub hosts: Vec<HostMapping>,
    /// Maximum time for a connector's response, in seconds (cohere.md §3.4).
    pub timeout_seconds: u64,
    /// Maximum size of a connector's response, in bytes.
    pub max_response_bytes: usize,
    /// Maximum number of documents that are used from one response.
    pub max_documents: usize,
    /// Number of log entries kept for each connector.
    pub log_entries: u32,
    /// Time that a user has to authorize a connector at its provider, in seconds.
    pub authorization_seconds: u64,
    /// Time before its expiry at which an access token is refreshed, in seconds.
    pub refresh_seconds_before_end: u64,
    /// Id of the connector that a chat uses for `web-search`, a connector that the vendor provided
    /// and many programs name.
    pub web_search: Option<String>,
    /// Folders of documents that this server serves as connectors.
    pub folder: Vec<FolderSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            test_on_registration: true,
            test_on_update: true,
            test_query: "test".to_owned(),
            hosts: Vec::new(),
            timeout_seconds: 30,
            max_response_bytes: 2 * 1024 * 1024,
            max_documents: 100,
            log_entries: 1000,
            authorization_seconds: 600,
            refresh_seconds_before_end: 60,
            web_search: None,
            folder: Vec::new(),
        }
    }
}

impl Settings {
    /// Returns the URL to call for this URL, after [`Settings::hosts`].
    pub(super) fn map_host(&self, url: &str) -> String {
        let Ok(mut url) = Url::parse(url) else {
            return url.to_owned();
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let mapping = self.hosts.iter().find(|mapping| mapping.from == host);
        if let Some(HostMapping { to, .. }) = mapping {
            // Between URLs with hosts, none of these calls fails.
            let _ = url.set_scheme(to.scheme());
            let _ = url.set_host(to.host_str());
            let _ = url.set_port(to.port());
        }
        url.into()
    }
}

/// A replacement address for a host: `docs.example.com=http://127.0.0.1:8080`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostMapping {
    from: String,
    to: Url,
}

/// Error of a text that is not a host mapping.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:?} is not of the form docs.example.com=http://127.0.0.1:8080")]
pub struct InvalidHostMapping(String);

impl FromStr for HostMapping {
    type Err = InvalidHostMapping;

    fn from_str(text: &str) -> Result<Self, InvalidHostMapping> {
        let wrong = || InvalidHostMapping(text.to_owned());
        let (from, to) = text.split_once('=').ok_or_else(wrong)?;
        let to = Url::parse(to).map_err(|_| wrong())?;
        let web = matches!(to.scheme(), "http" | "https") && to.path() == "/";
        if from.is_empty() || !web || to.query().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            from: from.to_ascii_lowercase(),
            to,
        })
    }
}

impl TryFrom<String> for HostMapping {
    type Error = InvalidHostMapping;

    fn try_from(text: String) -> Result<Self, InvalidHostMapping> {
        text.parse()
    }
}

impl From<HostMapping> for String {
    fn from(mapping: HostMapping) -> Self {
        mapping.to_string()
    }
}

impl fmt::Display for HostMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.to.as_str().trim_end_matches('/');
        write!(f, "{}={to}", self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_host_keeps_path_and_query() {
        let settings = Settings {
            hosts: vec![
                "ci-test.com=http://127.0.0.1:8080"
                    .parse()
                    .expect("a mapping"),
            ],
            ..Settings::default()
        };
        for (url, expected) in [
            (
                "https://ci-test.com/search?a=1",
                "http://127.0.0.1:8080/search?a=1",
            ),
            ("https://CI-test.com:444/x", "http://127.0.0.1:8080/x"),
            ("https://other.com/search", "https://other.com/search"),
        ] {
            assert_eq!(settings.map_host(url), expected);
        }
    }

    #[test]
    fn a_mapping_is_read_and_written() {
        let text = "docs.example.com=http://127.0.0.1:8080";
        let mapping: HostMapping = text.parse().expect("a mapping");
        assert_eq!(mapping.to_string(), text);
        for wrong in ["", "a", "a=b", "=http://x", "a=ftp://x", "a=http://x/path"] {
            assert!(wrong.parse::<HostMapping>().is_err(), "{wrong}");
        }
    }
}
