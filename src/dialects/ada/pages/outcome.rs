//! `…/connections/success` and `…/error`: the pages to which an integration redirects the browser at the end
//! of an installation. They show only public data of the integration, so they need no session.

use poem::{
    Response,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Pages,
    html::{render_contact, render_page},
    to_poem_error,
};
use crate::{domain::platform_integrations as integrations, http::page::escape_html};

/// `GET /platform/integrations/{id}/connections/success`
#[poem::handler]
pub fn success(pages: Data<&Pages>, id: Path<String>) -> poem::Result<Response> {
    let integration =
        integrations::find_any(&pages.0.0.app, &id.0.into()).map_err(to_poem_error)?;
    let name = escape_html(&integration.definition.name);
    let body = format!(
        "<div class=\"card outcome\"><p class=\"sign good\" aria-hidden=\"true\">✓</p>
<h1>Connected</h1>
<p>{name} is set up.</p>
<p><a class=\"button\" href=\"/platform/connections\">See connections</a></p></div>"
    );
    Ok(render_page(StatusCode::OK, "Connected", &body))
}

/// The error code that the integration passes in the redirect, under several possible names.
// wire: the parameter's name is not published (ada.md §2.5)
#[derive(Deserialize)]
pub struct ErrorCodeQuery {
    error_code: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// `GET /platform/integrations/{id}/connections/error`
#[poem::handler]
pub fn error(
    pages: Data<&Pages>,
    id: Path<String>,
    code: Query<ErrorCodeQuery>,
) -> poem::Result<Response> {
    let integration =
        integrations::find_any(&pages.0.0.app, &id.0.into()).map_err(to_poem_error)?;
    let definition = &integration.definition;
    let texts = definition.error_codes.as_ref();
    let codes = [&code.0.error_code, &code.0.code, &code.0.error];
    let text = codes
        .into_iter()
        .flatten()
        .find_map(|code| texts?.get(code.as_str()).and_then(Value::as_str))
        .unwrap_or("The integration could not be set up.");
    let body = format!(
        "<div class=\"card outcome\"><p class=\"sign bad\" aria-hidden=\"true\">!</p>
<h1>Not connected</h1>
<p>{name}: {text}</p>
<p><a class=\"button\" href=\"/platform/integrations/{id}\">Try again</a></p>
<p class=\"more\">Help: {contact}</p></div>",
        name = escape_html(&definition.name),
        text = escape_html(text),
        id = escape_html(integration.id.as_str()),
        contact = render_contact(&definition.contact),
    );
    Ok(render_page(StatusCode::OK, "Not connected", &body))
}
