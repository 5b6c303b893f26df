//! `/app/oauth/interstitial` and `/oauth/interstitial`: the last page of an integration's wizard. Wizards
//! derive its address from the webhook address and replace `webhook` by `app` (botpress-today.md §0.6).

use askama::Template;
use poem::{
    EndpointExt, Request, Response, RouteMethod,
    endpoint::{BoxEndpoint, make_sync},
    http::StatusCode,
};
use serde::Deserialize;

use crate::http::{allowed_methods, page::html_response};

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

#[derive(Template)]
#[template(path = "chat/wizard_end.html")]
struct WizardEndPage {
    is_connected: bool,
    /// Error message of the integration. May be empty.
    message: String,
}

fn render_page(outcome: &WizardOutcome) -> Response {
    let message = outcome.error_message.as_deref().unwrap_or_default();
    let page = WizardEndPage {
        is_connected: outcome.success.as_deref() == Some("true"),
        message: message.chars().take(MAX_MESSAGE_CHARS).collect(),
    };
    html_response(StatusCode::OK, &page)
}
