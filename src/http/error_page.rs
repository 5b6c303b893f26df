//! The HTML error page for browsers, with a link to the landing page.

use poem::{
    Request, Response,
    http::{Method, header},
};

use super::{
    page::{self, escape},
    policy::Policy,
};
use crate::kernel::Error;

/// True if a browser requests a page: other clients do not accept `text/html`.
pub(super) fn is_wanted(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let takes_html = accept.is_some_and(|accept| accept.contains("text/html"));
    takes_html && [Method::GET, Method::HEAD].contains(request.method())
}

/// Renders the page of an error.
pub(super) fn of(error: &Error) -> Response {
    let (status, title, message) = page::failure(error);
    let values = [("title", title), ("message", &escape(message))];
    let text = page::fill(&page::text("error.html"), &values);
    let mut response = page::html(status, text);
    Policy::Install.set(&mut response);
    response
}
