//! Responses of the pages: HTML, redirects and error pages.

use askama::Template;
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};

use crate::{
    http::{dialect::RenderError, page, policy::Policy},
    kernel::Error,
};

/// Returns a page with the headers that all pages have.
pub fn html_response(status: StatusCode, page: &impl Template) -> Response {
    let mut response = page::html_response(status, page);
    // Integrations may see the origin that a browser comes from (ada.md §2.5), but not the path.
    let referrer = HeaderValue::from_static("strict-origin-when-cross-origin");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, referrer);
    Policy::Install.set(&mut response);
    response
}

/// Returns a redirect that the browser follows with a GET.
pub fn see_other(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(address) = HeaderValue::from_str(address) {
        headers.insert(header::LOCATION, address);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Template)]
#[template(path = "platform/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    message: &'a str,
}

/// Renders errors as HTML pages.
#[derive(Clone, Copy)]
pub struct PageErrorRenderer;

impl RenderError for PageErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let (status, title, message) = page::describe_error(error);
        html_response(status, &ErrorPage { title, message })
    }
}
