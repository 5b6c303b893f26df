//! Rules for connectors, and the call that a registration depends on.

use super::{
    Auth, Connector,
    call::{Question, ask},
};
use crate::{
    domain::App,
    kernel::{Error, Kind, Result, Rule, Violation},
    net::outbound::web_address,
};

/// The longest name.
// wire: no limit is published
const NAME_MAX: u64 = 255;
/// The longest address, in bytes.
const URL_MAX: u64 = 2048;

pub(super) fn name(name: &str) -> Result<()> {
    let rule = match name.chars().count() as u64 {
        _ if name.trim().is_empty() => Rule::MinLength(1),
        0..=NAME_MAX => return Ok(()),
        _ => Rule::MaxLength(NAME_MAX),
    };
    Err(Violation::body(["name"], rule).into())
}

/// An http or https address. Since addresses are shown, none may hold a password.
///
/// The vendor also asks for a path that ends in `/search` without a query, for a public host and
/// for port 80 or 443; here any address will do that outgoing requests may have.
pub(super) fn address(field: &[&str], text: &str) -> Result<()> {
    let wrong = |rule| Err(Violation::body(field.iter().copied(), rule).into());
    if text.len() as u64 > URL_MAX {
        return wrong(Rule::MaxLength(URL_MAX));
    }
    let Some(url) = web_address(text) else {
        return wrong(Rule::Other("must be an http or https address".to_owned()));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(Rule::Other("must not hold a user or password".to_owned()));
    }
    Ok(())
}

/// Calls a connector as a search would, and refuses it if that fails (cohere.md §3.5). One that
/// users authorize passes: no user has done so yet.
pub(super) async fn try_out(app: &App, connector: &Connector) -> Result<()> {
    if matches!(connector.auth, Some(Auth::OAuth(_))) {
        return Ok(());
    }
    let authorization = connector.service_authorization(app.sealer())?;
    let question = Question {
        query: &app.connector_settings().test_query,
        options: None,
        authorization: authorization.as_ref(),
    };
    let Err(failure) = ask(app, connector, &question).await else {
        return Ok(());
    };
    // What the vendor says, and what its users could not see from it (cohere.md §5, item 2).
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
