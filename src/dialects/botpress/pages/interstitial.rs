//! `/app/oauth/interstitial` and `/oauth/interstitial`: the last page of an integration's wizard. Wizards
//! derive its address from the webhook address and replace `webhook` by `app` (botpress-today.md §0.6).

use poem::{
    EndpointExt, Request, Response, RouteMethod,
    endpoint::{BoxEndpoint, make_sync},
    http::StatusCode,
};
use serde::Deserialize;

use crate::http::{
    allowed_methods,
    page::{asset_text, escape_html, fill_template, html_response},
};

/// Paths of the page.
pub const PATHS: [&str; 2] = ["/app/oauth/interstitial", "/oauth/interstitial"];

/// Allowed methods of these paths.
pub const METHODS: &[allowed_methods::PathMethods] =
    &[(PATHS[0], "GET, HEAD"), (PATHS[1], "GET, HEAD")];

/// Maximum number of characters shown of an integration's error message.
const MAX_MESSAGE_CHARS: usize = 1000;

/// Outcome of a wizard, from the query.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WizardOutcome {
    success: Option<String>,
    error_message: Option<String>,
}

/// Returns the endpoint of the page.
#[must_use]
pub fn interstitial_page() -> BoxEndpoint<'static, Response> {
    RouteMethod::new()
        .get(make_sync(|request: Request| {
            // A malformed query counts as empty.
            render_page(&request.params::<WizardOutcome>().unwrap_or_default())
        }))
        .map_to_response()
        .boxed()
}

fn render_page(end: &WizardOutcome) -> Response {
    let (title, lead) = match end.success.as_deref() {
        Some("true") => ("Connected", "The integration is connected with your bot."),
        _ => ("Not connected", "The integration could not be connected."),
    };
    let message = end.error_message.as_deref().filter(|text| !text.is_empty());
    let message = message.map_or_else(String::new, |text| {
        let shown: String = text.chars().take(MAX_MESSAGE_CHARS).collect();
        format!(
            "<p>The integration says:</p>\n<pre>{}</pre>\n",
            escape_html(&shown)
        )
    });
    let body = format!("<p>{lead}</p>\n{message}<p>You can close this window.</p>");
    let page = fill_template(
        &asset_text("chat/told.html"),
        &[("title", title), ("body", &body)],
    );
    html_response(StatusCode::OK, page)
}
