//! The code that a bot's web chat is put into a page with. All of it leads to the page that this
//! server shows at `/chat/{bot}`.

use url::Url;

use super::bot_reports::WebchatType;
use crate::http::page::escape;

/// The code of one sort for a bot of the server at `origin`.
pub fn code(sort: WebchatType, origin: &str, bot: &str) -> String {
    let url = page_url(origin, bot);
    let frame = |style: &str| {
        let src = escape(&url);
        format!("<iframe src=\"{src}\" title=\"Chat\" style=\"{style}\"></iframe>")
    };
    match sort {
        WebchatType::SharableUrl => url,
        WebchatType::Fullscreen => format!(
            "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>Chat</title></head>\n\
             <body style=\"margin:0\">\n{}\n</body>\n</html>",
            frame("position:fixed;inset:0;width:100%;height:100%;border:0")
        ),
        WebchatType::Preconfigured => frame(
            "position:fixed;right:20px;bottom:20px;width:400px;height:600px;border:0;\
             box-shadow:0 4px 24px rgba(0,0,0,.25)",
        ),
        WebchatType::Configurable => configurable(&url),
    }
}

/// The address of the page.
fn page_url(origin: &str, bot: &str) -> String {
    let Ok(mut url) = Url::parse(origin) else {
        return format!("{origin}/chat/{bot}");
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(["chat", bot]);
    }
    url.into()
}

fn configurable(url: &str) -> String {
    // A text of JSON is one of JavaScript; `<` could end the element.
    let url = serde_json::Value::from(url)
        .to_string()
        .replace('<', "\\u003c");
    format!(
        "<script>
(function () {{
  var options = {{ title: \"Chat\", side: \"right\", width: \"400px\", height: \"600px\" }};
  var frame = document.createElement(\"iframe\");
  frame.src = {url};
  frame.title = options.title;
  frame.style.cssText = \"position:fixed;bottom:20px;border:0;\" + options.side + \":20px;width:\" +
    options.width + \";height:\" + options.height;
  document.body.appendChild(frame);
}})();
</script>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place() {
        let bot = "a/../b\"</script>";
        let shared = code(WebchatType::SharableUrl, "http://localhost:4600", bot);
        assert_eq!(
            shared,
            "http://localhost:4600/chat/a%2F..%2Fb%22%3C%2Fscript%3E"
        );
        for sort in [
            WebchatType::Preconfigured,
            WebchatType::Configurable,
            WebchatType::Fullscreen,
        ] {
            let code = code(sort, "http://localhost:4600", bot);
            assert!(code.contains(&shared), "{code}");
        }
    }
}
