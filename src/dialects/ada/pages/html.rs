//! Helpers that render HTML: the page layout, contact links, redirects and error pages.

use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};

use crate::{
    http::{
        dialect::RenderError,
        page::{self, escape_html},
        policy::Policy,
    },
    kernel::Error,
};

/// Renders a whole page. `title` is text, `body` is HTML.
pub fn render_page(status: StatusCode, title: &str, body: &str) -> Response {
    let page = page::asset_text("platform.html");
    let text = page::fill_template(&page, &[("title", &escape_html(title)), ("body", body)]);
    let mut response = page::html_response(status, text);
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

/// Renders the contact of a person or company: a link if it is an address.
pub fn render_contact(text: &str) -> String {
    let shown = escape_html(text);
    let is_mail = text.contains('@') && !text.contains([' ', '/', ':', '?']);
    if text.starts_with("https://") || text.starts_with("http://") {
        format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>")
    } else if is_mail {
        format!("<a href=\"mailto:{shown}\">{shown}</a>")
    } else {
        shown
    }
}

/// Renders errors as HTML pages.
#[derive(Clone, Copy)]
pub struct PageErrorRenderer;

impl RenderError for PageErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let (status, title, message) = page::describe_error(error);
        let body = format!(
            "<h1>{title}</h1>\n<p>{}</p>\n<p><a href=\"/platform/connections\">Connections</a></p>",
            escape_html(message)
        );
        self::render_page(status, title, &body)
    }
}
