//! Validates an endpoint's address, description and event filters against the settings and the contract.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use url::{Host, Url};

use super::{EventType, Settings, event_types::EVENT_TYPES};
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Error, Result, Rule, Violation,
        ids::AgentId,
        violation::{Location, PathSegment},
    },
    net::outbound::{OutboundError, parse_web_url},
};

/// Maximum length of an address, in bytes.
const URL_MAX: usize = 2048;
/// Maximum length of a description, in characters.
const DESCRIPTION_MAX: usize = 1024;
/// Maximum time to resolve the host name of a new address.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(3);

const COUNT_ENDPOINTS: &str = "
    SELECT count(*) FROM webhook_endpoints
    WHERE agent_id = :agent_id AND deleted_at IS NULL";

pub(super) fn check_endpoint_limit(conn: &Connection, agent: &AgentId, max: u32) -> Result<()> {
    let count: u32 = conn
        .prepare_cached(COUNT_ENDPOINTS)?
        .query_row(named_params! {":agent_id": agent}, |row| row.get(0))?;
    if count < max {
        return Ok(());
    }
    let text = format!("An agent can have at most {max} webhooks");
    Err(Error::invalid(text))
}

pub(super) fn check_description(description: &str) -> Result<()> {
    if description.chars().count() <= DESCRIPTION_MAX {
        return Ok(());
    }
    let rule = Rule::MaxLength(DESCRIPTION_MAX as u64);
    Err(Violation::body(["description"], rule).into())
}

/// Checks the event types of an endpoint and removes repeated ones.
pub(super) fn validate_event_filters(filters: Vec<String>) -> Result<Vec<String>> {
    let mut checked: Vec<String> = Vec::with_capacity(filters.len());
    for (index, name) in filters.into_iter().enumerate() {
        if EventType::find(&name).is_none() {
            return Err(Violation {
                location: Location::Body,
                path: vec![
                    PathSegment::Key("event_filters".to_owned()),
                    PathSegment::Index(index),
                ],
                rule: Rule::OneOf {
                    allowed: EVENT_TYPES
                        .iter()
                        .map(|known| known.name.to_owned())
                        .collect(),
                },
            }
            .into());
        }
        if !checked.contains(&name) {
            checked.push(name);
        }
    }
    Ok(checked)
}

pub(super) async fn check_url(app: &App, text: &str) -> Result<()> {
    let settings = app.settings();
    let wrong = |rule| Error::from(Violation::body(["url"], rule));
    if text.len() > URL_MAX {
        return Err(wrong(Rule::MaxLength(URL_MAX as u64)));
    }
    let http = app.webhook_settings().allows_http(settings.development);
    check_scheme(text, http).map_err(wrong)?;
    if parse_web_url(text).is_none() {
        return Err(wrong(Rule::Format("URL".to_owned())));
    }
    match app.outbound().check_url(text, RESOLVE_TIMEOUT).await {
        Err(OutboundError::Refused(text)) => Err(wrong(Rule::Other(format!(
            "must be an address that this server calls: {text}"
        )))),
        Err(_) => Err(wrong(Rule::Format("URL".to_owned()))),
        Ok(()) => Ok(()),
    }
}

fn check_scheme(text: &str, http_to_loopback: bool) -> Result<(), Rule> {
    let url = Url::parse(text).map_err(|_| Rule::Format("URL".to_owned()))?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if http_to_loopback && is_loopback(&url) => Ok(()),
        "http" if http_to_loopback => Err(Rule::Other(
            "must be an https URL, or an http URL of this machine".to_owned(),
        )),
        _ => Err(Rule::Other("must be an https URL".to_owned())),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // RFC 6761: names below `localhost` resolve to the loopback address.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl Settings {
    fn allows_http(&self, development: bool) -> bool {
        self.http_to_loopback.unwrap_or(development)
    }
}

/// Checks that the settings still allow an address. They may have changed since it was registered.
pub(super) fn check_still_allowed(app: &App, url: &str) -> Result<(), String> {
    let settings = app.settings();
    let http = app.webhook_settings().allows_http(settings.development);
    check_scheme(url, http).map_err(|rule| format!("the url {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_only_but_for_this_machine_where_that_is_allowed() {
        for (url, strict, open) in [
            ("https://hooks.example.com/x", true, true),
            ("https://127.0.0.1:8443/", true, true),
            ("http://127.0.0.1:3000/x", false, true),
            ("http://[::1]/x", false, true),
            ("http://localhost:3000/", false, true),
            ("http://example.localhost/", false, true),
            ("http://hooks.example.com/", false, false),
            ("http://localhost.example.com/", false, false),
            ("ftp://127.0.0.1/", false, false),
            ("hooks.example.com", false, false),
            ("https://", false, false),
            ("", false, false),
        ] {
            assert_eq!(check_scheme(url, false).is_ok(), strict, "{url}");
            assert_eq!(check_scheme(url, true).is_ok(), open, "{url}");
        }
    }

    #[test]
    fn filters_are_event_types_each_once() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let created = "v1.end_user.created";
        let checked = validate_event_filters(names(&[created, created]));
        assert_eq!(checked.ok(), Some(vec![created.to_owned()]));
        assert_eq!(validate_event_filters(Vec::new()).ok(), Some(Vec::new()));
        let error = validate_event_filters(names(&[created, "v1.other"])).expect_err("refused");
        assert!(
            error
                .message()
                .starts_with("event_filters[1] must be one of")
        );
    }
}
