//! What the pages of the chats say. Names and addresses come from others and are escaped.

use poem::{Response, http::StatusCode};

use super::page::BASE_PATH;
use crate::{
    domain::webchat::bot_chat::Shown,
    http::{
        dialect::RenderError,
        page::{self, escape, fill, html, text},
        policy::Policy,
    },
    kernel::{Error, ids::AgentId},
};

/// The page of a chat, whose API is at a path of this server. Where `failures` is a path, the page tells of what
/// is found there.
pub(super) fn chat(bot: &Shown, api: &str, failures: Option<&str>, policy: &Policy) -> Response {
    let notice = bot.standing.notice();
    let notice = notice.map_or_else(String::new, |text| {
        format!("  <p class=\"notice\" role=\"note\">{text}</p>\n")
    });
    let page = fill(
        &text("chat/page.html"),
        &[
            ("name", &escape(&bot.name)),
            ("bot", &escape(bot.id.as_str())),
            ("api", &escape(api)),
            ("failures", &escape(failures.unwrap_or_default())),
            ("notice", &notice),
        ],
    );
    let mut response = html(StatusCode::OK, page);
    policy.set(&mut response);
    response
}

/// The page of a bot without a chat: how it gets one, and where `open`, a button that does it.
pub(super) fn off(bot: &AgentId, origin: &str, open: bool) -> Response {
    let bot = escape(bot.as_str());
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
        origin = escape(origin),
    );
    told(StatusCode::NOT_FOUND, "No web chat yet", &body)
}

/// A page that says something. `body` is HTML.
fn told(status: StatusCode, title: &str, body: &str) -> Response {
    let page = text("chat/told.html");
    let page = fill(&page, &[("title", &escape(title)), ("body", body)]);
    html(status, page)
}

/// Renders what fails as a page.
#[derive(Clone, Copy)]
pub struct RenderPage;

impl RenderError for RenderPage {
    fn render(&self, error: &Error) -> Response {
        let (status, title, message) = page::failure(error);
        told(status, title, &format!("<p>{}</p>", escape(message)))
    }
}
