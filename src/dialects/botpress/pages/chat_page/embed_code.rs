//! Embed codes of a bot's web chat. All of them lead to `/chat/{bot}`.

use url::Url;

use super::endpoints::BASE_PATH;
use crate::{
    dialects::botpress::admin::bot_reports::WebchatType, domain::bots::manage::Bot,
    http::page::escape_html,
};

/// Options of the embed script with their defaults. The title is missing: its default is the bot's name.
const DEFAULT_OPTIONS: [(&str, &str); 8] = [
    ("label", "Chat"),
    ("color", "#3455db"),
    ("placeholder", "Write a message …"),
    ("position", "right"),
    ("theme", "auto"),
    ("width", "400px"),
    ("height", "620px"),
    ("open", "false"),
];

/// Returns the embed code of one kind for a bot on the server at `origin`.
pub fn embed_code(sort: WebchatType, origin: &str, bot: &Bot) -> String {
    let id = bot.id.as_str();
    match sort {
        WebchatType::SharableUrl => chat_url(origin, id),
        WebchatType::Preconfigured => format!(
            "<script src=\"{}\" data-bot=\"{}\" defer></script>",
            escape_html(&chat_url(origin, "embed.js")),
            escape_html(id),
        ),
        WebchatType::Configurable => configurable_script(origin, id, &bot.name),
        WebchatType::Fullscreen => format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  \
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n  \
             <title>{title}</title>\n</head>\n<body style=\"margin:0\">\n  \
             <iframe src=\"{src}\" title=\"{title}\" \
             style=\"position:fixed;inset:0;width:100%;height:100%;border:0\"></iframe>\n\
             </body>\n</html>",
            title = escape_html(&bot.name),
            src = escape_html(&chat_url(origin, id)),
        ),
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

fn configurable_script(origin: &str, id: &str, name: &str) -> String {
    let given = [("bot", id), ("title", name)];
    let options: String = given
        .iter()
        .chain(&DEFAULT_OPTIONS)
        .map(|(option, value)| format!("\n  data-{option}=\"{}\"", escape_html(value)))
        .collect();
    format!(
        "<!-- All but data-bot may be left out. position: right or left; theme: auto, light or dark; \
         open: whether the chat is open from the start. -->\n<script\n  src=\"{}\"{options}\n  \
         defer></script>",
        escape_html(&chat_url(origin, "embed.js")),
    )
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
        let code = configurable_script("http://localhost:4600", "a\"b", "--><script>");
        assert!(code.contains("data-bot=\"a&quot;b\""), "{code}");
        assert!(
            code.contains("data-title=\"--&gt;&lt;script&gt;\""),
            "{code}"
        );
    }
}
