//! Ranks texts by BM25, in memory.

use bm25::{Embedder, EmbedderBuilder, Scorer};

use super::{
    language::{Language, Languages},
    source::Source,
    terms::{SpaceTokenizer, content_terms, query_terms},
};

/// An index of texts for ranking.
pub(super) struct Ranking {
    embedder: Embedder<u32, SpaceTokenizer>,
    scorer: Scorer<usize>,
    count: usize,
    languages: Languages,
}

impl Ranking {
    /// Indexes texts, each in its language.
    pub(super) fn new(texts: &[(&str, Language)]) -> Self {
        let terms: Vec<String> = texts
            .iter()
            .map(|(text, language)| content_terms(text, *language).join(" "))
            .collect();
        let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
        let embedder: Embedder<u32, SpaceTokenizer> =
            EmbedderBuilder::with_tokenizer_and_fit_to_corpus(SpaceTokenizer, &terms).build();
        let mut scorer = Scorer::new();
        for (index, text) in terms.iter().enumerate() {
            scorer.upsert(&index, embedder.embed(text));
        }
        Self {
            embedder,
            scorer,
            count: texts.len(),
            languages: texts.iter().map(|(_, language)| *language).collect(),
        }
    }

    /// Returns the score of each text for a query: 0 if it contains no term of the query.
    pub(super) fn score(&self, query: &str) -> Vec<f32> {
        let query = query_terms(query, self.languages).join(" ");
        let query = self.embedder.embed(&query);
        let mut scores = vec![0.0; self.count];
        for found in self.scorer.matches(&query) {
            scores[found.id] = found.score;
        }
        scores
    }
}

/// Selection and order of the documents for an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Truncation {
    /// The best documents, best first.
    #[default]
    Best,
    /// The best documents, in their original order.
    BestInOrder,
    /// All documents, in their original order.
    Off,
}

/// Selects the documents for the answer to a query.
#[must_use]
pub fn select_documents(
    query: &str,
    sources: Vec<Source>,
    truncation: Truncation,
    max: usize,
) -> Vec<Source> {
    if truncation == Truncation::Off || sources.is_empty() {
        return sources;
    }
    let texts: Vec<String> = sources.iter().map(Source::full_text).collect();
    let texts: Vec<_> = texts
        .iter()
        .map(|text| (text.as_str(), Language::detect(text)))
        .collect();
    let scores = Ranking::new(&texts).score(query);
    let mut order: Vec<usize> = (0..sources.len()).collect();
    // The sort is stable: documents without a term of the query keep the connector's order.
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order.truncate(max);
    if truncation == Truncation::BestInOrder {
        order.sort_unstable();
    }
    let mut sources: Vec<Option<Source>> = sources.into_iter().map(Some).collect();
    let chosen = order.into_iter().filter_map(|index| sources[index].take());
    chosen.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str, text: &str) -> Source {
        Source {
            id: id.to_owned(),
            fields: vec![("text".to_owned(), text.to_owned())],
            excludes: Vec::new(),
        }
    }

    fn selected(truncation: Truncation, max: usize) -> Vec<String> {
        let sources = vec![
            source("a", "Nothing of it."),
            source("b", "Tables are made of oak."),
            source("c", "Oak, oak and oak tables."),
        ];
        let sources = select_documents("oak tables", sources, truncation, max);
        sources.into_iter().map(|source| source.id).collect()
    }

    #[test]
    fn the_best_come_first_or_stay_in_place() {
        assert_eq!(selected(Truncation::Best, 3), ["c", "b", "a"]);
        assert_eq!(selected(Truncation::BestInOrder, 2), ["b", "c"]);
        assert_eq!(selected(Truncation::Off, 1), ["a", "b", "c"]);
    }

    #[test]
    fn a_hidden_field_does_not_count() {
        let mut hidden = source("h", "oak oak oak");
        hidden.excludes.push("text".to_owned());
        let sources =
            select_documents("oak", vec![hidden, source("s", "oak")], Truncation::Best, 1);
        assert_eq!(sources[0].id, "s");
    }
}
