//! A document that an answer may rest on.

use std::borrow::Cow;

use crate::domain::retrieval::folders::plain_text;

/// Fields with a document's text, the first that it has counts.
const TEXTS: &[&str] = &[
    "text",
    "snippet",
    "content",
    "body",
    "passage",
    "excerpt",
    "answer",
    "description",
    "summary",
];

/// Fields that name a document or say where it is, and are no text to answer with.
const LABELS: &[&str] = &[
    "id",
    "title",
    "name",
    "url",
    "link",
    "path",
    "timestamp",
    "created_at",
    "updated_at",
    "date",
];

/// A document that an answer may rest on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// What citations call it.
    pub id: String,
    /// Its fields, in their order.
    pub fields: Vec<(String, String)>,
    /// The fields that are kept out of ranking, answers and prompts.
    pub hidden: Vec<String>,
}

impl Source {
    /// The fields that may be used.
    pub fn visible(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter();
        fields
            .filter(|(name, _)| name != "id" && !self.hidden.contains(name))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// What it is ranked by: all that may be used of it.
    pub(super) fn whole(&self) -> String {
        let texts: Vec<_> = self.visible().map(|(_, text)| plain_text(text)).collect();
        texts.join("\n")
    }

    /// The texts that sentences are taken from, without the markup that connectors' texts may have.
    pub(super) fn texts(&self) -> Vec<Cow<'_, str>> {
        let fields = self.text_fields();
        fields.into_iter().map(plain_text).collect()
    }

    fn text_fields(&self) -> Vec<&str> {
        let field = |wanted: &&str| {
            let mut visible = self.visible();
            let found = visible.find(|(name, text)| name == wanted && !text.trim().is_empty());
            found.map(|(_, text)| text)
        };
        if let Some(text) = TEXTS.iter().find_map(field) {
            return vec![text];
        }
        let others: Vec<&str> = self
            .visible()
            .filter(|(name, _)| !LABELS.contains(name))
            .map(|(_, text)| text)
            .collect();
        if others.is_empty() {
            self.visible().map(|(_, text)| text).collect()
        } else {
            others
        }
    }
}
