//! `…/connections/success` and `…/error`: the pages to which an integration redirects the browser at the end
//! of an installation. They show only public data of the integration, so they need no session.

use askama::Template;
use poem::{
    Response,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Pages, html::html_response, to_poem_error};
use crate::domain::platform_integrations::{self as integrations, PlatformIntegration};

#[derive(Template)]
#[template(path = "platform/connected.html")]
struct ConnectedPage<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(path = "platform/not_connected.html")]
struct NotConnectedPage<'a> {
    integration: &'a PlatformIntegration,
    message: &'a str,
}

/// `GET /platform/integrations/{id}/connections/success`
#[poem::handler]
pub fn success(pages: Data<&Pages>, id: Path<String>) -> poem::Result<Response> {
    let integration =
        integrations::find_any(&pages.0.0.app, &id.0.into()).map_err(to_poem_error)?;
    let name = &integration.definition.name;
    Ok(html_response(StatusCode::OK, &ConnectedPage { name }))
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
    let texts = integration.definition.error_codes.as_ref();
    let codes = [&code.0.error_code, &code.0.code, &code.0.error];
    let message = codes
        .into_iter()
        .flatten()
        .find_map(|code| texts?.get(code.as_str()).and_then(Value::as_str))
        .unwrap_or("The integration could not be set up.");
    let page = NotConnectedPage {
        integration: &integration,
        message,
    };
    Ok(html_response(StatusCode::OK, &page))
}
