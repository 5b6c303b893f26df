//! The HTML error page for browsers, with a link to the landing page.

use poem::{
    Request, Response,
    http::{Method, header},
};

use super::{
    page::{self, escape_html},
    policy::Policy,
};
use crate::kernel::Error;

/// True if a browser requests a page: other clients do not accept `text/html`.
pub(super) fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let takes_html = accept.is_some_and(|accept| accept.contains("text/html"));
    takes_html && [Method::GET, Method::HEAD].contains(request.method())
}

/// Renders the page of an error.
pub(super) fn render_page(error: &Error) -> Response {
    let (status, title, message) = page::describe_error(error);
    let values = [("title", title), ("message", &escape_html(message))];
    let text = page::fill_template(&page::asset_text("error.html"), &values);
    let mut response = page::html_response(status, text);
    Policy::Install.set(&mut response);
    response
}
