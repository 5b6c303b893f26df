//! The HTML of the chat pages.

use askama::Template;
use poem::Response;

use crate::{
    domain::webchat::chat_page::PublicBot,
    http::{
        dialect::RenderError,
        page::{describe_error, html_response},
    },
    kernel::{Error, ids::AgentId},
};

/// The chat page of a bot.
#[derive(Template)]
#[template(path = "chat/page.html")]
pub(super) struct ChatPage<'a> {
    pub(super) bot: &'a PublicBot,
    /// Path of the chat API.
    pub(super) api: &'a str,
    /// Path that the page polls for failures of the bot's code. Empty if it shows none.
    pub(super) failures: &'a str,
}

/// The page of a bot whose chat is off. It explains how to switch the chat on.
#[derive(Template)]
#[template(path = "chat/off.html")]
pub(super) struct ChatOffPage<'a> {
    pub(super) bot: &'a AgentId,
    pub(super) origin: &'a str,
    /// True for a button that switches the chat on.
    pub(super) can_switch_on: bool,
}

#[derive(Template)]
#[template(path = "chat/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    message: &'a str,
}

/// Renders errors as pages.
#[derive(Clone, Copy)]
pub struct PageErrorRenderer;

impl RenderError for PageErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let (status, title, message) = describe_error(error);
        html_response(status, &ErrorPage { title, message })
    }
}
