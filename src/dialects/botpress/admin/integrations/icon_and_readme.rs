//! Icon and readme of an integration, an interface or a plugin, at the addresses in `iconUrl` and `readmeUrl`. Pages load them without
//! a token, so everyone who knows the id can read them.

use poem::{
    Request, Response, Route, get, handler,
    http::{StatusCode, header},
};

use crate::{
    domain::{
        App,
        bots::{integrations, packages},
    },
    http::{allowed_methods, app, errors::Failure, page, policy::Policy},
    kernel::{Error, Result},
};

/// Allowed methods of the paths.
pub const METHODS: &[allowed_methods::PathMethods] = &[
    ("/v1/storage/integrations/{id}/icon", "GET, HEAD"),
    ("/v1/storage/integrations/{id}/readme", "GET, HEAD"),
    ("/v1/storage/packages/{id}/icon", "GET, HEAD"),
    ("/v1/storage/packages/{id}/readme", "GET, HEAD"),
];

/// Adds the routes.
pub fn add_routes(route: Route) -> Route {
    route
        .at("/v1/storage/integrations/:id/icon", get(icon))
        .at("/v1/storage/integrations/:id/readme", get(readme))
        .at("/v1/storage/packages/:id/icon", get(package_icon))
        .at("/v1/storage/packages/:id/readme", get(package_readme))
}

#[handler]
fn icon(request: &Request) -> poem::Result<Response> {
    Ok(icon_response(read_file(request, integrations::find_icon)?))
}

#[handler]
fn package_icon(request: &Request) -> poem::Result<Response> {
    Ok(icon_response(read_file(request, packages::find_icon)?))
}

fn icon_response(stored: Option<Vec<u8>>) -> Response {
    let bytes = stored.unwrap_or_else(|| page::asset_text("integration.svg").into_bytes());
    file_response("image/svg+xml", bytes)
}

#[handler]
fn readme(request: &Request) -> poem::Result<Response> {
    readme_response(
        read_file(request, integrations::find_readme)?,
        "integration",
    )
}

#[handler]
fn package_readme(request: &Request) -> poem::Result<Response> {
    readme_response(read_file(request, packages::find_readme)?, "package")
}

fn readme_response(stored: Option<Vec<u8>>, owner: &str) -> poem::Result<Response> {
    let missing = || Failure(Error::not_found(format!("This {owner} has no readme")));
    Ok(file_response(
        "text/markdown; charset=utf-8",
        stored.ok_or_else(missing)?,
    ))
}

fn read_file<Id: for<'a> From<&'a str>>(
    request: &Request,
    of: fn(&App, &Id) -> Result<Option<Vec<u8>>>,
) -> Result<Option<Vec<u8>>, Failure> {
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
