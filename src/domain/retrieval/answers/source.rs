//! Documents that an answer may cite.

use std::borrow::Cow;

use crate::domain::retrieval::folders::strip_markup;

/// Fields that contain a document's text. The first one present is used.
const TEXT_FIELDS: &[&str] = &[
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

/// Fields that name or locate a document and are not used as text.
const LABEL_FIELDS: &[&str] = &[
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

/// A document that an answer may cite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Id in citations.
    pub id: String,
    /// Fields, in their order.
    pub fields: Vec<(String, String)>,
    /// Names of fields that ranking, answers and prompts ignore.
    pub excludes: Vec<String>,
}

impl Source {
    /// Iterates over the fields that may be used.
    pub fn visible_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter();
        fields
            .filter(|(name, _)| name != "id" && !self.excludes.contains(name))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Returns the text for ranking: all usable fields.
    pub(super) fn full_text(&self) -> String {
        let texts: Vec<_> = self
            .visible_fields()
            .map(|(_, text)| strip_markup(text))
            .collect();
        texts.join("\n")
    }

    /// Returns the texts that sentences are taken from, without HTML markup.
    pub(super) fn texts(&self) -> Vec<Cow<'_, str>> {
        let fields = self.text_fields();
        fields.into_iter().map(strip_markup).collect()
    }

    fn text_fields(&self) -> Vec<&str> {
        let field = |wanted: &&str| {
            let mut visible = self.visible_fields();
            let found = visible.find(|(name, text)| name == wanted && !text.trim().is_empty());
            found.map(|(_, text)| text)
        };
        if let Some(text) = TEXT_FIELDS.iter().find_map(field) {
            return vec![text];
        }
        let others: Vec<&str> = self
            .visible_fields()
            .filter(|(name, _)| !LABEL_FIELDS.contains(name))
            .map(|(_, text)| text)
            .collect();
        if others.is_empty() {
            self.visible_fields().map(|(_, text)| text).collect()
        } else {
            others
        }
    }
}
