//! Renders messages as text for a terminal.

use serde_json::Value;

/// A rendered message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RenderedMessage {
    /// The lines of text.
    pub lines: Vec<String>,
    /// The reply for each number that the user can type: 1, 2, …
    pub choices: Vec<String>,
}

/// Renders the payload of a message.
pub fn render_payload(payload: &Value) -> RenderedMessage {
    let mut rendered = RenderedMessage::default();
    rendered.add(payload);
    rendered
}

impl RenderedMessage {
    fn add(&mut self, payload: &Value) {
        let member = |name: &str| payload[name].as_str();
        match member("type").unwrap_or_default() {
            "text" => self.text(member("text")),
            "markdown" => self.text(member("markdown")),
            "image" => self.link("image", None, member("imageUrl")),
            "audio" => self.link("audio", None, member("audioUrl")),
            "video" => self.link("video", None, member("videoUrl")),
            "file" => self.link("file", member("title"), member("fileUrl")),
            "location" => self.location(payload),
            "card" => self.card(payload),
            "carousel" | "bloc" => {
                for item in payload["items"].as_array().into_iter().flatten() {
                    match item.get("type") {
                        Some(_) => self.add(item),
                        // The items of a carousel have no type; they are cards.
                        None => self.card(item),
                    }
                }
            }
            "choice" | "dropdown" => {
                self.text(member("text"));
                for option in payload["options"].as_array().into_iter().flatten() {
                    self.choice(option["label"].as_str(), option["value"].as_str());
                }
            }
            other => self.line(&format!("[{other}] {payload}")),
        }
    }

    fn text(&mut self, text: Option<&str>) {
        for line in text.unwrap_or_default().lines() {
            self.line(line);
        }
    }

    fn link(&mut self, kind: &str, title: Option<&str>, url: Option<&str>) {
        let title = title.map(|title| format!("{title}: ")).unwrap_or_default();
        self.line(&format!("[{kind}] {title}{}", url.unwrap_or_default()));
    }

    fn location(&mut self, payload: &Value) {
        let (latitude, longitude) = (&payload["latitude"], &payload["longitude"]);
        let names = ["title", "address"].map(|name| payload[name].as_str());
        let mut parts: Vec<String> = names.into_iter().flatten().map(str::to_owned).collect();
        parts.push(format!("{latitude}, {longitude}"));
        self.line(&format!("[location] {}", parts.join(", ")));
    }

    fn card(&mut self, card: &Value) {
        let member = |name: &str| card[name].as_str();
        self.text(member("title"));
        self.text(member("subtitle"));
        if let Some(url) = member("imageUrl") {
            self.link("image", None, Some(url));
        }
        for action in card["actions"].as_array().into_iter().flatten() {
            let (label, value) = (action["label"].as_str(), action["value"].as_str());
            match action["action"].as_str() {
                Some("url") => self.link("link", label, value),
                _ => self.choice(label, value),
            }
        }
    }

    fn choice(&mut self, label: Option<&str>, value: Option<&str>) {
        let label = label.or(value).unwrap_or_default();
        self.choices.push(value.unwrap_or(label).to_owned());
        self.line(&format!("  {}) {label}", self.choices.len()));
    }

    fn line(&mut self, line: &str) {
        self.lines.push(replace_controls(line));
    }
}

/// Replaces control characters, so that a line cannot control the terminal.
pub fn replace_controls(line: &str) -> String {
    let replace = |letter: char| match letter {
        '\t' => ' ',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    };
    line.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_is_drawn() {
        let card = json!({
            "title": "Shoe", "subtitle": "Red", "imageUrl": "https://example.com/s.png",
            "actions": [
                {"action": "url", "label": "See", "value": "https://example.com/s"},
                {"action": "postback", "label": "Buy", "value": "buy-1"},
            ],
        });
        for (payload, lines, choices) in [
            (
                json!({"type": "text", "text": "a\nb"}),
                vec!["a", "b"],
                vec![],
            ),
            (
                json!({"type": "markdown", "markdown": "**a**"}),
                vec!["**a**"],
                vec![],
            ),
            (
                json!({"type": "image", "imageUrl": "u"}),
                vec!["[image] u"],
                vec![],
            ),
            (
                json!({"type": "file", "fileUrl": "u", "title": "F"}),
                vec!["[file] F: u"],
                vec![],
            ),
            (
                json!({"type": "location", "latitude": 1.5, "longitude": -2, "title": "Here"}),
                vec!["[location] Here, 1.5, -2"],
                vec![],
            ),
            (
                json!({"type": "carousel", "items": [card, card]}),
                vec![
                    "Shoe",
                    "Red",
                    "[image] https://example.com/s.png",
                    "[link] See: https://example.com/s",
                    "  1) Buy",
                    "Shoe",
                    "Red",
                    "[image] https://example.com/s.png",
                    "[link] See: https://example.com/s",
                    "  2) Buy",
                ],
                vec!["buy-1", "buy-1"],
            ),
            (
                json!({"type": "dropdown", "text": "Which?", "options": [{"label": "A", "value": "a"}]}),
                vec!["Which?", "  1) A"],
                vec!["a"],
            ),
            (
                json!({"type": "bloc", "items": [
                    {"type": "text", "text": "a"}, {"type": "audio", "audioUrl": "u"},
                ]}),
                vec!["a", "[audio] u"],
                vec![],
            ),
        ] {
            let expected = RenderedMessage {
                lines: lines.into_iter().map(str::to_owned).collect(),
                choices: choices.into_iter().map(str::to_owned).collect(),
            };
            assert_eq!(render_payload(&payload), expected);
        }
    }

    #[test]
    fn a_terminal_is_not_steered() {
        let rendered = render_payload(&json!({"type": "text", "text": "a\u{1b}[2Jb\u{7}\u{9b}c"}));
        assert_eq!(rendered.lines, ["a\u{fffd}[2Jb\u{fffd}\u{fffd}c"]);
    }
}
