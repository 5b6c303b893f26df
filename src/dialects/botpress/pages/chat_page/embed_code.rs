//! Embed codes of a bot's web chat. All of them lead to `/chat/{bot}`.

use askama::Template;
use url::Url;

use super::endpoints::BASE_PATH;
use crate::{
    dialects::botpress::admin::bot_reports::WebchatType, domain::bots::manage::Bot,
    http::page::render,
};

/// A script that adds the chat to any page.
#[derive(Template)]
#[template(path = "chat/embed/script.html")]
struct ScriptCode<'a> {
    script_url: &'a str,
    bot_id: &'a str,
}

/// The same script with all options. Their defaults are in the template.
#[derive(Template)]
#[template(path = "chat/embed/configurable.html")]
struct ConfigurableCode<'a> {
    script_url: &'a str,
    bot_id: &'a str,
    title: &'a str,
}

/// A page that the chat fills.
#[derive(Template)]
#[template(path = "chat/embed/fullscreen.html")]
struct FullscreenCode<'a> {
    page_url: &'a str,
    title: &'a str,
}

/// Returns the embed code of one kind for a bot on the server at `origin`.
pub fn embed_code(kind: WebchatType, origin: &str, bot: &Bot) -> String {
    let (bot_id, title) = (bot.id.as_str(), bot.name.as_str());
    let page_url = &chat_url(origin, bot_id);
    let script_url = &chat_url(origin, "embed.js");
    match kind {
        WebchatType::SharableUrl => page_url.clone(),
        WebchatType::Preconfigured => render(&ScriptCode { script_url, bot_id }),
        WebchatType::Configurable => render(&ConfigurableCode {
            script_url,
            bot_id,
            title,
        }),
        WebchatType::Fullscreen => render(&FullscreenCode { page_url, title }),
    }
}

/// Returns an address below the base path of the chat pages.
fn chat_url(origin: &str, name: &str) -> String {
    let Ok(mut url) = Url::parse(origin) else {
        return format!("{origin}{BASE_PATH}/{name}");
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear()
            .extend([BASE_PATH.trim_start_matches('/'), name]);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place() {
        let shared = chat_url("http://localhost:4600", "a/../b\"</script>");
        assert_eq!(
            shared,
            "http://localhost:4600/chat/a%2F..%2Fb%22%3C%2Fscript%3E"
        );
        let code = render(&ConfigurableCode {
            script_url: "http://localhost:4600/chat/embed.js",
            bot_id: "a\"b",
            title: "--><script>",
        });
        assert!(code.contains("data-bot=\"a&#34;b\""), "{code}");
        assert!(
            code.contains("data-title=\"--&#62;&#60;script&#62;\""),
            "{code}"
        );
    }
}
