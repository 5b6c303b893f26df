//! The extractive answerer: the best sentences of the documents, each cited.

use std::{borrow::Cow, collections::HashMap};

use super::{
    language::{Language, Languages},
    rank::Ranking,
    source::Source,
    terms::{content_terms, query_terms},
    text::{Answer, Citation, Finish},
    units::units,
};

/// What is said when the documents say nothing.
const NOTHING: &str = "I found nothing about this in the documents.";
/// A unit that fits less than this part of the best one is left out.
const WORTH_IT: f32 = 0.4;
/// How much the whole document counts beside the unit.
const DOCUMENT_WEIGHT: f32 = 0.25;
/// How much of the question must be in the answer for it not to need what stands beside it.
const COVERED: f32 = 0.5;

/// What an answer may tell of a document at once: a sentence, or several that belong together.
struct Candidate<'a> {
    text: &'a str,
    /// The document and the place in it.
    source: usize,
    place: usize,
    score: f32,
    ids: Vec<String>,
}

/// A document as it is read.
struct Read<'a> {
    source: &'a Source,
    texts: Vec<Cow<'a, str>>,
    whole: String,
    language: Language,
}

impl<'a> Read<'a> {
    fn of(source: &'a Source) -> Self {
        let whole = source.whole();
        Self {
            source,
            texts: source.texts(),
            language: Language::of(&whole),
            whole,
        }
    }
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
    /// The most sentences; those that belong together count as one.
    pub max_sentences: usize,
    /// The most words; none without a limit.
    // wire: max_tokens; a word stands for a token here
    pub max_words: Option<usize>,
}

/// Answers with the best sentences. The same sentence of several documents is told once and cites
/// all of them.
#[must_use]
pub fn extract(extract: &Extract<'_>) -> Answer {
    let read: Vec<Read<'_>> = extract.sources.iter().map(Read::of).collect();
    let mut best = choose(extract, &read);
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
    let mut left = extract.max_words.unwrap_or(usize::MAX);
    for candidate in best {
        let words = candidate.text.split_whitespace().count();
        let mut told = candidate.text;
        if words > left {
            answer.finish = Finish::MaxTokens;
            told = first_words(told, left);
            if !answer.text.is_empty() || told.is_empty() {
                break;
            }
        }
        left = left.saturating_sub(words);
        push(&mut answer, told, candidate.ids);
    }
    answer
}

fn push(answer: &mut Answer, told: &str, ids: Vec<String>) {
    let ends = answer
        .text
        .ends_with(['.', '!', '?', '。', '！', '？', ':']);
    let in_line = ends && !told.contains('\n');
    match () {
        () if answer.text.is_empty() => {}
        () if in_line => answer.text.push(' '),
        () => answer.text.push('\n'),
    }
    let start = answer.text.len();
    answer.text.push_str(told);
    let citation = Citation::of(&answer.text, start..answer.text.len(), ids);
    answer.citations.push(citation);
}

/// As much of a text as this many words.
fn first_words(text: &str, count: usize) -> &str {
    let (mut at, mut end, mut words) = (0, 0, 0);
    for piece in text.split_inclusive(char::is_whitespace) {
        at += piece.len();
        if !piece.trim().is_empty() {
            if words == count {
                break;
            }
            words += 1;
            end = at;
        }
    }
    text[..end].trim_end()
}

/// What to answer with, best first.
fn choose<'a>(extract: &Extract<'_>, read: &'a [Read<'_>]) -> Vec<Candidate<'a>> {
    let mut candidates = candidates(read);
    if candidates.is_empty() {
        return candidates;
    }
    let texts: Vec<_> = candidates
        .iter()
        .map(|candidate| (candidate.text, read[candidate.source].language))
        .collect();
    let scores = Ranking::of(&texts).scores(extract.query);
    let wholes: Vec<_> = read
        .iter()
        .map(|read| (read.whole.as_str(), read.language))
        .collect();
    let of_documents = Ranking::of(&wholes).scores(extract.query);
    for (candidate, score) in candidates.iter_mut().zip(scores) {
        if score > 0.0 {
            candidate.score = score + DOCUMENT_WEIGHT * of_documents[candidate.source];
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let top = candidates[0].score;
    if top > 0.0 {
        let fits = |candidate: &Candidate<'_>| candidate.score >= WORTH_IT * top;
        let count = candidates
            .iter()
            .take(extract.max_sentences)
            .take_while(|candidate| fits(candidate))
            .count();
        let others = candidates.split_off(count);
        if count < extract.max_sentences && !covers(&candidates, read, extract.query) {
            let beside = beside(&candidates, others);
            candidates.extend(beside);
        }
        return candidates;
    }
    let languages: Languages = read.iter().map(|read| read.language).collect();
    if !extract.are_found || query_terms(extract.query, languages).is_empty() {
        return Vec::new();
    }
    candidates.retain(|candidate| candidate.source == 0);
    candidates.sort_by_key(|candidate| candidate.place);
    candidates.truncate(extract.max_sentences.min(2));
    candidates
}

/// True if most of the question's words are in what was chosen: it then says by itself what it is about.
fn covers(chosen: &[Candidate<'_>], read: &[Read<'_>], query: &str) -> bool {
    let Some(best) = chosen.first() else {
        return false;
    };
    let language = read[best.source].language;
    let wanted = content_terms(query, language);
    let said: Vec<String> = chosen
        .iter()
        .flat_map(|candidate| content_terms(candidate.text, read[candidate.source].language))
        .collect();
    let found = wanted.iter().filter(|term| said.contains(term)).count();
    found as f32 >= COVERED * wanted.len() as f32
}

/// What follows the best one in its document: an answer often stands there in words of its own.
fn beside<'a>(chosen: &[Candidate<'a>], others: Vec<Candidate<'a>>) -> Option<Candidate<'a>> {
    let best = chosen.first()?;
    let next = (best.source, best.place + 1);
    others
        .into_iter()
        .find(|candidate| (candidate.source, candidate.place) == next)
}

/// Every unit of the documents, each once.
fn candidates<'a>(read: &'a [Read<'_>]) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, read) in read.iter().enumerate() {
        let mut place = 0;
        for text in &read.texts {
            for range in units(text) {
                let unit = &text[range];
                place += 1;
                let same = unit.split_whitespace().collect::<Vec<_>>().join(" ");
                match known.get(&same) {
                    Some(&at) => {
                        if !found[at].ids.contains(&read.source.id) {
                            found[at].ids.push(read.source.id.clone());
                        }
                    }
                    None => {
                        known.insert(same, found.len());
                        found.push(Candidate {
                            text: unit,
                            source: index,
                            place,
                            score: 0.0,
                            ids: vec![read.source.id.clone()],
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

    #[test]
    fn no_answer_ends_before_what_it_announces() {
        let text =
            "The reader takes three kinds of files:\n- Markdown\n- HTML\n- CSV\n\nIt is fast.";
        let found = answer(
            "Which kinds of files does the reader take?",
            &[source("a", text)],
        );
        assert_eq!(
            found.text,
            "The reader takes three kinds of files:\n- Markdown\n- HTML\n- CSV"
        );
        let faq = "How long are backups kept?\nThirty days.\n\nWho makes them?\nThe cook.";
        let found = answer("How long are backups kept?", &[source("a", faq)]);
        assert!(found.text.contains("Thirty days."), "{}", found.text);
    }

    #[test]
    fn markup_of_a_connector_is_not_told() {
        let page = "<p>Backups are kept for <em>30&nbsp;days</em>.</p><script>evil()</script>";
        let found = answer("How long are backups kept?", &[source("a", page)]);
        assert_eq!(found.text, "Backups are kept for 30 days.");
        let not_markup = "If a < b and c > d, backups are kept.";
        let found = answer("When are backups kept?", &[source("a", not_markup)]);
        assert_eq!(found.text, not_markup);
    }

    #[test]
    fn words_are_found_by_the_endings_of_their_language() {
        let sources = [
            source(
                "de",
                "Im Keller stehen alte Schränke. Die Häuser am Fluss wurden 1912 gebaut.",
            ),
            source(
                "ru",
                "Кошка спит на диване. Резервные копии хранятся тридцать дней.",
            ),
        ];
        let german = answer("Wann wurde das Haus am Fluss gebaut?", &sources);
        assert_eq!(german.text, "Die Häuser am Fluss wurden 1912 gebaut.");
        let russian = answer("Сколько хранится резервная копия?", &sources);
        assert_eq!(russian.text, "Резервные копии хранятся тридцать дней.");
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
