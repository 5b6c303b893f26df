//! The page that a browser shows where a request failed, with a way home.

use poem::{
    IntoResponse, Request, Response,
    http::{HeaderValue, Method, header},
};

use super::{
    page::{self, escape},
    policy::Policy,
};
use crate::kernel::Error;

/// True if a person asks for a page: programs do not say that they take HTML.
pub(super) fn is_wanted(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let takes_html = accept.is_some_and(|accept| accept.contains("text/html"));
    takes_html && [Method::GET, Method::HEAD].contains(request.method())
}

/// The page of an error.
pub(super) fn of(error: &Error) -> Response {
    let (status, title, message) = page::failure(error);
    let values = [("title", title), ("message", &escape(message))];
    let text = page::fill(&page::text("error.html"), &values);
    let mut response = text
        .with_content_type("text/html; charset=utf-8")
        .with_status(status)
        .into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Policy::Install.set(&mut response);
    response
}
