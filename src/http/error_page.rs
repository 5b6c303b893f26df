//! The HTML error page for browsers, with a link to the landing page.

use askama::Template;
use poem::{
    Request, Response,
    http::{Method, header},
};

use super::{page, policy::Policy};
use crate::kernel::Error;

/// True if a browser requests a page: other clients do not accept `text/html`.
pub(super) fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let takes_html = accept.is_some_and(|accept| accept.contains("text/html"));
    takes_html && [Method::GET, Method::HEAD].contains(request.method())
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    message: &'a str,
}

/// Renders the page of an error.
pub(super) fn render_page(error: &Error) -> Response {
    let (status, title, message) = page::describe_error(error);
    let mut response = page::html_response(status, &ErrorPage { title, message });
    Policy::Install.set(&mut response);
    response
}
