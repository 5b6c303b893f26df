//! HTML of the chat pages. Names and addresses come from users and are escaped.

use poem::{Response, http::StatusCode};

use super::endpoints::BASE_PATH;
use crate::{
    domain::webchat::chat_page::PublicBot,
    http::{
        dialect::RenderError,
        page::{self, asset_text, escape_html, fill_template, html_response},
        policy::Policy,
    },
    kernel::{Error, ids::AgentId},
};

/// Renders the chat page of a bot. `api` is the path of the chat API. If `failures` is a path, the page polls
/// it and shows the failures of the bot's code.
pub(super) fn render_chat_page(
    bot: &PublicBot,
    api: &str,
    failures: Option<&str>,
    policy: &Policy,
) -> Response {
    let notice = bot.availability.notice();
    let notice = notice.map_or_else(String::new, |text| {
        format!("  <p class=\"notice\" role=\"note\">{text}</p>\n")
    });
    let page = fill_template(
        &asset_text("chat/page.html"),
        &[
            ("name", &escape_html(&bot.name)),
            ("bot", &escape_html(bot.id.as_str())),
            ("api", &escape_html(api)),
            ("failures", &escape_html(failures.unwrap_or_default())),
            ("notice", &notice),
        ],
    );
    let mut response = html_response(StatusCode::OK, page);
    policy.set(&mut response);
    response
}

/// Renders the page of a bot whose chat is off. It explains how to switch the chat on; with `open` it has a
/// button for it.
pub(super) fn render_chat_off_page(bot: &AgentId, origin: &str, open: bool) -> Response {
    let bot = escape_html(bot.as_str());
    let button = if open {
        format!(
            "<form method=\"post\" action=\"{BASE_PATH}/{bot}\"><button class=\"strong\">Switch it \
             on</button></form>\n<p>Or ask for its code, which does the same:</p>\n"
        )
    } else {
        "<p>Whoever manages the bot switches it on by asking for its code:</p>\n".to_owned()
    };
    let body = format!(
        "<p>This bot is here, but its web chat is not switched on.</p>\n{button}\
         <pre tabindex=\"0\">curl \\\n  \"{origin}/v1/admin/bots/{bot}/webchat?type=sharableUrl\" \\\n  \
         -H \"Authorization: Bearer $PAT\" \\\n  -H \"x-workspace-id: $WORKSPACE\"</pre>",
        origin = escape_html(origin),
    );
    render_text_page(StatusCode::NOT_FOUND, "No web chat yet", &body)
}

/// Renders a page with a title and a text. `body` is HTML.
fn render_text_page(status: StatusCode, title: &str, body: &str) -> Response {
    let page = asset_text("chat/told.html");
    let page = fill_template(&page, &[("title", &escape_html(title)), ("body", body)]);
    html_response(status, page)
}

/// Renders errors as pages.
#[derive(Clone, Copy)]
pub struct PageErrorRenderer;

impl RenderError for PageErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let (status, title, message) = page::describe_error(error);
        render_text_page(status, title, &format!("<p>{}</p>", escape_html(message)))
    }
}
