//! `/app/oauth/interstitial` and `/oauth/interstitial`: the page that wizards of integrations end at. They
//! make its address of that of the webhooks, with `app` instead of `webhook` (botpress-today.md §0.6).

use poem::{
    EndpointExt, Request, Response, RouteMethod,
    endpoint::{BoxEndpoint, make_sync},
    http::StatusCode,
};
use serde::Deserialize;

use crate::http::{
    allow,
    page::{escape, fill, html, text},
};

/// The paths of the page.
pub const PATHS: [&str; 2] = ["/app/oauth/interstitial", "/oauth/interstitial"];

/// Their methods.
pub const METHODS: &[allow::Row] = &[(PATHS[0], "GET, HEAD"), (PATHS[1], "GET, HEAD")];

/// The most of an integration's text that is shown, in characters.
const MESSAGE_MAX: usize = 1000;

/// How a wizard has ended.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    success: Option<String>,
    error_message: Option<String>,
}

/// The page.
#[must_use]
pub fn interstitial() -> BoxEndpoint<'static, Response> {
    RouteMethod::new()
        .get(make_sync(|request: Request| {
            // A query that cannot be read says nothing.
            show(&request.params::<End>().unwrap_or_default())
        }))
        .map_to_response()
        .boxed()
}

fn show(end: &End) -> Response {
    let (title, lead) = match end.success.as_deref() {
        Some("true") => ("Connected", "The integration is connected with your bot."),
        _ => ("Not connected", "The integration could not be connected."),
    };
    let message = end.error_message.as_deref().filter(|text| !text.is_empty());
    let message = message.map_or_else(String::new, |text| {
        let shown: String = text.chars().take(MESSAGE_MAX).collect();
        format!(
            "<p>The integration says:</p>\n<pre>{}</pre>\n",
            escape(&shown)
        )
    });
    let body = format!("<p>{lead}</p>\n{message}<p>You can close this window.</p>");
    let page = fill(
        &text("chat/told.html"),
        &[("title", title), ("body", &body)],
    );
    html(StatusCode::OK, page)
}
