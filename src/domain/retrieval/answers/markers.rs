//! Converts the citation markers of a model, such as `[1]` or `[1, 3]`, to citations and removes
//! them from the text.

use std::collections::HashSet;

use super::{
    answer::{AnswerPiece, Citation},
    language::Language,
    sentences::sentences,
    source::Source,
    stop_words::StopWords,
    terms::{content_terms, question_terms},
};

/// Maximum length of a marker, in bytes. A longer one is text.
const MARKER_MAX: usize = 24;
/// Minimum fraction of a sentence's terms in a document that is cited without a marker.
const MIN_SUPPORT: f32 = 0.6;
/// Minimum number of terms in a sentence that is cited without a marker.
const TERMS_MIN: usize = 3;

/// Parser that removes the markers from a streamed text.
pub(super) struct MarkerParser<'a> {
    sources: &'a [Source],
    /// Text that was emitted.
    text: String,
    /// Possible beginning of a marker, with the space before it.
    buffer: String,
    /// Byte offset of the end of the last citation.
    cited_end: usize,
    /// Last citation, which an adjacent marker extends.
    last_citation: Option<Citation>,
    citations: Vec<Citation>,
}

impl<'a> MarkerParser<'a> {
    pub(super) const fn new(sources: &'a [Source]) -> Self {
        Self {
            sources,
            text: String::new(),
            buffer: String::new(),
            cited_end: 0,
            last_citation: None,
            citations: Vec::new(),
        }
    }

    /// Parses the next part of the model's text. Returns the pieces that can be emitted.
    pub(super) fn push(&mut self, more: &str) -> Vec<AnswerPiece> {
        let mut pieces = Vec::new();
        let mut out = String::new();
        for character in more.chars() {
            let in_marker = self.buffer.trim_start().starts_with('[');
            match character {
                _ if in_marker => self.continue_marker(character, &mut out, &mut pieces),
                '[' => self.buffer.push('['),
                // A space may precede a marker.
                ' ' => {
                    out.push_str(&self.buffer);
                    self.buffer.clear();
                    self.buffer.push(' ');
                }
                other => {
                    out.push_str(&self.buffer);
                    self.buffer.clear();
                    out.push(other);
                }
            }
        }
        self.emit_text(&mut out, &mut pieces);
        pieces
    }

    /// Handles a character after the beginning of a marker.
    fn continue_marker(
        &mut self,
        character: char,
        out: &mut String,
        pieces: &mut Vec<AnswerPiece>,
    ) {
        match character {
            '0'..='9' | ',' | ' ' if self.buffer.len() < MARKER_MAX => self.buffer.push(character),
            ']' => match self.parse_marker() {
                Some(ids) => {
                    self.buffer.clear();
                    self.emit_text(out, pieces);
                    self.cite(ids, pieces);
                }
                None => {
                    self.buffer.push(']');
                    out.push_str(&std::mem::take(&mut self.buffer));
                }
            },
            other => {
                out.push_str(&std::mem::take(&mut self.buffer));
                match other {
                    ' ' | '[' => self.buffer.push(other),
                    other => out.push(other),
                }
            }
        }
    }

    /// Returns the documents of the buffered marker; none if it is not a marker.
    fn parse_marker(&self) -> Option<Vec<String>> {
        let numbers = self.buffer.trim_start().strip_prefix('[')?;
        let mut ids: Vec<String> = Vec::new();
        for number in numbers.split(',') {
            let number: usize = number.trim().parse().ok()?;
            let source = self.sources.get(number.checked_sub(1)?)?;
            if !ids.contains(&source.id) {
                ids.push(source.id.clone());
            }
        }
        Some(ids)
    }

    /// Cites the sentence before the marker, or extends the citation that ends here.
    fn cite(&mut self, ids: Vec<String>, pieces: &mut Vec<AnswerPiece>) {
        let since = &self.text[self.cited_end..];
        match sentences(since).pop() {
            Some(part) => {
                self.emit_last_citation(pieces);
                let part = self.cited_end + part.start..self.cited_end + part.end;
                self.last_citation = Some(Citation::new(&self.text, part, ids));
                self.cited_end = self.text.len();
            }
            None => {
                let Some(last) = &mut self.last_citation else {
                    return;
                };
                for id in ids {
                    if !last.document_ids.contains(&id) {
                        last.document_ids.push(id);
                    }
                }
            }
        }
    }

    fn emit_text(&mut self, out: &mut String, pieces: &mut Vec<AnswerPiece>) {
        if out.is_empty() {
            return;
        }
        // Text follows, so no marker can extend the last citation any more.
        if out.chars().any(char::is_alphanumeric) {
            self.emit_last_citation(pieces);
        }
        self.text.push_str(out);
        pieces.push(AnswerPiece::Text(std::mem::take(out)));
    }

    fn emit_last_citation(&mut self, pieces: &mut Vec<AnswerPiece>) {
        if let Some(citation) = self.last_citation.take() {
            self.citations.push(citation.clone());
            pieces.push(AnswerPiece::Citation(citation));
        }
    }

    /// Ends the text: emits the buffered rest. If the model cited nothing, adds citations for
    /// sentences that documents support.
    pub(super) fn finish(mut self) -> (Vec<AnswerPiece>, String, Vec<Citation>) {
        let mut pieces = Vec::new();
        let mut out = std::mem::take(&mut self.buffer);
        if out.trim().is_empty() {
            out.clear();
        }
        self.emit_text(&mut out, &mut pieces);
        self.emit_last_citation(&mut pieces);
        if self.citations.is_empty() {
            self.citations = cite_supported_sentences(&self.text, self.sources);
            pieces.extend(self.citations.iter().cloned().map(AnswerPiece::Citation));
        }
        (pieces, self.text, self.citations)
    }
}

/// Returns citations for the sentences whose terms occur in a document.
fn cite_supported_sentences(text: &str, sources: &[Source]) -> Vec<Citation> {
    let documents: Vec<(&Source, Language, HashSet<String>)> = sources
        .iter()
        .map(|source| {
            let whole = source.full_text();
            let language = Language::detect(&whole);
            let terms = content_terms(&whole, language).into_iter().collect();
            (source, language, terms)
        })
        .collect();
    let mut citations = Vec::new();
    let stop_words = StopWords::for_text(text);
    for part in sentences(text) {
        let support = |language: Language, known: &HashSet<String>| {
            let terms = question_terms(&text[part.clone()], stop_words, language);
            let found = terms.iter().filter(|term| known.contains(*term)).count();
            match terms.len() {
                0..TERMS_MIN => 0.0,
                all => found as f32 / all as f32,
            }
        };
        let supports: Vec<f32> = documents
            .iter()
            .map(|(_, language, known)| support(*language, known))
            .collect();
        let best = supports.iter().copied().fold(0.0, f32::max);
        if best < MIN_SUPPORT {
            continue;
        }
        let all = documents.iter().zip(supports);
        let ids = all.filter(|(_, support)| *support >= best);
        let ids = ids.map(|((source, ..), _)| source.id.clone()).collect();
        citations.push(Citation::new(text, part, ids));
    }
    citations
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources() -> Vec<Source> {
        let texts = [
            "Backups run every night at three.",
            "They are kept for thirty days.",
        ];
        let sources = (0..).zip(texts).map(|(number, text)| Source {
            id: format!("doc_{number}"),
            fields: vec![("text".to_owned(), text.to_owned())],
            excludes: Vec::new(),
        });
        sources.collect()
    }

    fn read(pieces: &[&str]) -> (String, Vec<(String, Vec<String>)>) {
        let sources = sources();
        let mut markers = MarkerParser::new(&sources);
        let mut emitted = Vec::new();
        for piece in pieces {
            emitted.extend(markers.push(piece));
        }
        let (rest, text, citations) = markers.finish();
        emitted.extend(rest);
        let (mut streamed, mut cited) = (String::new(), Vec::new());
        for piece in emitted {
            match piece {
                AnswerPiece::Text(text) => streamed.push_str(&text),
                AnswerPiece::Citation(citation) => cited.push(citation),
            }
        }
        assert_eq!((&streamed, &cited), (&text, &citations));
        let characters: Vec<char> = text.chars().collect();
        for citation in &citations {
            let part: String = characters[citation.start..citation.end].iter().collect();
            assert_eq!(part, citation.text);
        }
        let citations = citations.into_iter();
        (
            text,
            citations
                .map(|cited| (cited.text, cited.document_ids))
                .collect(),
        )
    }

    fn cited(text: &str, ids: &[&str]) -> (String, Vec<String>) {
        (
            text.to_owned(),
            ids.iter().map(|id| (*id).to_owned()).collect(),
        )
    }

    #[test]
    fn markers_become_citations() {
        let expected = (
            "Hi. They run at night. They are kept 30 days 😀, I think.".to_owned(),
            vec![
                cited("They run at night.", &["doc_0"]),
                cited("They are kept 30 days 😀", &["doc_1", "doc_0"]),
            ],
        );
        let text = "Hi. They run at night. [1] They are kept 30 days 😀 [2][1], I think.";
        assert_eq!(read(&[text]), expected);
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(read(&letters), expected);
    }

    #[test]
    fn what_is_no_marker_is_text() {
        let text = "See [3], [0], [], [a](b), x[ and [1";
        assert_eq!(read(&[text]), (text.to_owned(), vec![]));
    }

    #[test]
    fn without_markers_sentences_are_found_in_the_documents() {
        assert_eq!(
            read(&["Sure! Backups run each night at three. Penguins swim in cold water."]).1,
            [cited("Backups run each night at three.", &["doc_0"])]
        );
    }

    proptest! {
        #[test]
        fn however_it_arrives_the_text_is_the_same(pieces in prop::collection::vec(r"(\[|\]|1|2|,| |a|東|😀|\.){0,6}", 0..12)) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let whole = pieces.concat();
            prop_assert_eq!(read(&pieces), read(&[&whole]));
        }
    }
}
