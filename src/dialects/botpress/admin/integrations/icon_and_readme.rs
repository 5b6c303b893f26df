//! Icon and readme of an integration, at the addresses in `iconUrl` and `readmeUrl`. Pages load them without
//! a token, so everyone who knows the id can read them.

use poem::{
    Request, Response, Route, get, handler,
    http::{StatusCode, header},
};

use crate::{
    domain::{App, bots::integrations},
    http::{allowed_methods, app, errors::Failure, page, policy::Policy},
    kernel::{Error, Result},
};

/// Allowed methods of the two paths.
pub const METHODS: &[allowed_methods::PathMethods] = &[
    ("/v1/storage/integrations/{id}/icon", "GET, HEAD"),
    ("/v1/storage/integrations/{id}/readme", "GET, HEAD"),
];

/// Adds the two routes.
pub fn add_routes(route: Route) -> Route {
    route
        .at("/v1/storage/integrations/:id/icon", get(icon))
        .at("/v1/storage/integrations/:id/readme", get(readme))
}

#[handler]
fn icon(request: &Request) -> poem::Result<Response> {
    let icon = read_file(request, integrations::find_icon)?;
    let icon = icon.unwrap_or_else(|| page::asset_text("integration.svg").into_bytes());
    Ok(file_response("image/svg+xml", icon))
}

#[handler]
fn readme(request: &Request) -> poem::Result<Response> {
    let readme = read_file(request, integrations::find_readme)?;
    let missing = || Failure(Error::not_found("This integration has no readme"));
    Ok(file_response(
        "text/markdown; charset=utf-8",
        readme.ok_or_else(missing)?,
    ))
}

type ReadFile = fn(&App, &crate::kernel::ids::IntegrationId) -> Result<Option<Vec<u8>>>;

fn read_file(request: &Request, of: ReadFile) -> Result<Option<Vec<u8>>, Failure> {
    let app = app(request).map_err(Failure)?;
    let id = request.raw_path_param("id").unwrap_or_default();
    of(app, &id.into()).map_err(Failure)
}

fn file_response(content_type: &str, bytes: Vec<u8>) -> Response {
    let mut response = Response::builder()
        .status(StatusCode::OK)
        .content_type(content_type)
        .header(header::CACHE_CONTROL, "no-cache")
        .body(bytes);
    Policy::File.set(&mut response);
    response
}
