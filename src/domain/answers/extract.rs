//! The extractive answerer: the best sentences of the documents, each cited.

use std::collections::HashMap;

use super::{
    rank::Ranking,
    sentences::sentences,
    source::Source,
    terms::content_terms,
    text::{Answer, Citation, Finish},
};

/// What is said when the documents say nothing.
const NOTHING: &str = "I found nothing about this in the documents.";
/// A sentence that fits less than this part of the best one is left out.
const WORTH_IT: f32 = 0.4;
/// How much the whole document counts beside the sentence.
const DOCUMENT_WEIGHT: f32 = 0.25;

/// A sentence that an answer may have.
struct Candidate<'a> {
    text: &'a str,
    /// The document and the place in it.
    source: usize,
    place: usize,
    score: f32,
    ids: Vec<String>,
}

/// What an extractive answer is made of.
#[derive(Debug, Clone, Copy)]
pub struct Extract<'a> {
    /// What is asked, in the words that were searched for.
    pub query: &'a str,
    /// The documents, best first.
    pub sources: &'a [Source],
    /// Whether the documents were found for this query. Then the first one is told even if it has
    /// none of its words: its connector may know better.
    pub are_found: bool,
    /// The most sentences.
    pub max_sentences: usize,
    /// The most words; none without a limit.
    // wire: max_tokens; a word stands for a token here
    pub max_words: Option<usize>,
}

/// Answers with the best sentences. The same sentence of several documents is told once and cites
/// all of them.
#[must_use]
pub fn extract(extract: &Extract<'_>) -> Answer {
    let mut best = choose(extract);
    // The sentences of a document stay together, in its order, documents with the best first.
    let mut rank: HashMap<usize, usize> = HashMap::new();
    for candidate in &best {
        let next = rank.len();
        rank.entry(candidate.source).or_insert(next);
    }
    best.sort_by_key(|candidate| (rank[&candidate.source], candidate.place));
    let mut answer = Answer {
        text: String::new(),
        citations: Vec::new(),
        finish: Finish::Complete,
        usage: None,
        problem: None,
    };
    if best.is_empty() {
        answer.text.push_str(NOTHING);
        return answer;
    }
    let mut words = 0;
    for candidate in best {
        words += candidate.text.split_whitespace().count();
        if extract.max_words.is_some_and(|max| words > max) {
            answer.finish = Finish::MaxTokens;
            break;
        }
        let ends = answer
            .text
            .ends_with(['.', '!', '?', '。', '！', '？', ':']);
        match () {
            () if answer.text.is_empty() => {}
            () if ends => answer.text.push(' '),
            () => answer.text.push('\n'),
        }
        let start = answer.text.len();
        answer.text.push_str(candidate.text);
        let part = start..answer.text.len();
        let citation = Citation::of(&answer.text, part, candidate.ids);
        answer.citations.push(citation);
    }
    answer
}

/// The sentences to answer with, best first.
fn choose<'a>(extract: &Extract<'a>) -> Vec<Candidate<'a>> {
    let mut candidates = candidates(extract.sources);
    if candidates.is_empty() {
        return candidates;
    }
    let texts: Vec<&str> = candidates.iter().map(|candidate| candidate.text).collect();
    let scores = Ranking::of(&texts).scores(extract.query);
    let wholes: Vec<String> = extract.sources.iter().map(Source::whole).collect();
    let wholes: Vec<&str> = wholes.iter().map(String::as_str).collect();
    let of_documents = Ranking::of(&wholes).scores(extract.query);
    for (candidate, score) in candidates.iter_mut().zip(scores) {
        if score > 0.0 {
            candidate.score = score + DOCUMENT_WEIGHT * of_documents[candidate.source];
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let top = candidates[0].score;
    if top > 0.0 {
        candidates.retain(|candidate| candidate.score >= WORTH_IT * top);
        candidates.truncate(extract.max_sentences);
        return candidates;
    }
    if !extract.are_found || content_terms(extract.query).is_empty() {
        return Vec::new();
    }
    candidates.retain(|candidate| candidate.source == 0);
    candidates.sort_by_key(|candidate| candidate.place);
    candidates.truncate(extract.max_sentences.min(2));
    candidates
}

/// Every sentence of the documents, each once.
fn candidates(sources: &[Source]) -> Vec<Candidate<'_>> {
    let mut found: Vec<Candidate<'_>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, source) in sources.iter().enumerate() {
        let mut place = 0;
        for text in source.texts() {
            for range in sentences(text) {
                let sentence = &text[range];
                place += 1;
                let same = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
                match known.get(&same) {
                    Some(&at) => {
                        if !found[at].ids.contains(&source.id) {
                            found[at].ids.push(source.id.clone());
                        }
                    }
                    None => {
                        known.insert(same, found.len());
                        found.push(Candidate {
                            text: sentence,
                            source: index,
                            place,
                            score: 0.0,
                            ids: vec![source.id.clone()],
                        });
                    }
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(id: &str, text: &str) -> Source {
        Source {
            id: id.to_owned(),
            fields: vec![("text".to_owned(), text.to_owned())],
            hidden: Vec::new(),
        }
    }

    fn answer(query: &str, sources: &[Source]) -> Answer {
        extract(&Extract {
            query,
            sources,
            are_found: false,
            max_sentences: 3,
            max_words: None,
        })
    }

    #[test]
    fn the_sentence_that_answers_is_told_and_cited() {
        let sources = [
            source(
                "a",
                "Backups run every night. They are kept for 30 days. The cook is nice.",
            ),
            source("b", "The sun shines. Backups run every night."),
        ];
        let found = answer("When do backups run?", &sources);
        assert_eq!(found.text, "Backups run every night.");
        assert_eq!(found.citations[0].document_ids, ["a", "b"]);
        assert_eq!(answer("What about penguins?", &sources).text, NOTHING);
        assert_eq!(answer("anything", &[]).citations, []);
    }

    #[test]
    fn an_answer_is_as_long_as_allowed() {
        let sources = [source("a", "One oak here. Two oak there.")];
        let found = extract(&Extract {
            query: "oak",
            sources: &sources,
            are_found: false,
            max_sentences: 3,
            max_words: Some(4),
        });
        assert_eq!(
            (found.text.as_str(), found.finish),
            ("One oak here.", Finish::MaxTokens)
        );
    }

    proptest! {
        /// Emoji, Chinese and accents: a citation's offsets count code points, and the part of the
        /// answer between them is the citation's text.
        #[test]
        fn offsets_count_code_points(texts in prop::collection::vec("([a-zé😀👩‍👧東京都の ]{1,20}[.!?。] ?){1,5}", 1..5), query in "[a-zé東京都]{1,5}") {
            let sources: Vec<Source> = (0..).zip(&texts).map(|(id, text)| source(&format!("{id}"), text)).collect();
            let found = extract(&Extract { query: &query, sources: &sources, are_found: true, max_sentences: 4, max_words: None });
            let characters: Vec<char> = found.text.chars().collect();
            for citation in &found.citations {
                let part: String = characters[citation.start..citation.end].iter().collect();
                prop_assert_eq!(&part, &citation.text);
                for id in &citation.document_ids {
                    let index: usize = id.parse().expect("an index");
                    prop_assert!(texts[index].contains(&part));
                }
            }
        }
    }
}
