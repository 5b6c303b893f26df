//! Validates connectors, and tests the connection before a registration.

use super::{
    Auth, Connector,
    call::{ConnectorQuery, send_query},
};
use crate::{
    domain::App,
    kernel::{Error, Kind, Result, Rule, Violation},
    net::outbound::parse_web_url,
};

/// Maximum length of a name, in characters.
// wire: no limit is published
const NAME_MAX: u64 = 255;
/// Maximum length of a URL, in bytes.
const URL_MAX: u64 = 2048;

pub(super) fn check_name(name: &str) -> Result<()> {
    let rule = match name.chars().count() as u64 {
        _ if name.trim().is_empty() => Rule::MinLength(1),
        0..=NAME_MAX => return Ok(()),
        _ => Rule::MaxLength(NAME_MAX),
    };
    Err(Violation::body(["name"], rule).into())
}

/// Checks that a text is an http or https URL. It must not contain a user or password, because URLs
/// are returned to clients.
///
/// The vendor also requires a path that ends in `/search` without a query, a public host, and port
/// 80 or 443. This server accepts every URL that the outbound rules accept.
pub(super) fn check_url(field: &[&str], text: &str) -> Result<()> {
    let wrong = |rule| Err(Violation::body(field.iter().copied(), rule).into());
    if text.len() as u64 > URL_MAX {
        return wrong(Rule::MaxLength(URL_MAX));
    }
    let Some(url) = parse_web_url(text) else {
        return wrong(Rule::Other("must be an http or https address".to_owned()));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(Rule::Other("must not hold a user or password".to_owned()));
    }
    Ok(())
}

/// Sends a test query to a connector. Returns `Upstream` if it fails (cohere.md §3.5). A connector
/// with OAuth passes without a test, because no user has authorized it yet.
pub(super) async fn send_test_query(app: &App, connector: &Connector) -> Result<()> {
    if matches!(connector.auth, Some(Auth::OAuth(_))) {
        return Ok(());
    }
    let authorization = connector.service_authorization(app.sealer())?;
    let request = ConnectorQuery {
        query: &app.connector_settings().test_query,
        options: None,
        authorization: authorization.as_ref(),
    };
    let Err(failure) = send_query(app, connector, &request).await else {
        return Ok(());
    };
    // The first sentence is the vendor's. The second adds a fact that the vendor's users missed
    // (cohere.md §5, item 2).
    let mut text = format!(
        "connector not reachable at {}. error: {failure}",
        connector.url
    );
    if failure.status.is_some() {
        let with = if authorization.is_some() {
            "with"
        } else {
            "without"
        };
        text.push_str(&format!(
            ". The request was sent {with} an Authorization header"
        ));
    }
    Err(Error::new(Kind::Upstream, text))
}
