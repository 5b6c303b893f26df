//! The extractive answerer: returns the best sentences of the documents, each with a citation.

use std::{borrow::Cow, collections::HashMap};

use super::{
    answer::{Answer, Citation, FinishReason},
    language::{Language, Languages},
    rank::Ranking,
    sentences::is_lead_in,
    source::Source,
    stop_words::StopWords,
    terms::{content_terms, query_terms, question_terms},
    units::units_with_heads,
};

/// Answer if the documents contain no match.
const NO_MATCH_ANSWER: &str = "I found nothing about this in the documents.";
/// Minimum score of a unit, as a fraction of the best score.
const MIN_RELATIVE_SCORE: f32 = 0.4;
/// Weight of the whole document's score, added to the score of the unit.
const DOCUMENT_WEIGHT: f32 = 0.25;
/// Fraction of the question's terms that the answer must contain. Below it, the next unit is added.
const MIN_COVERAGE: f32 = 0.5;

/// A unit of a document that may become part of the answer: a sentence, or several that belong
/// together.
struct Candidate<'a> {
    text: &'a str,
    /// The part that states the topic of the unit.
    head: &'a str,
    /// Index of the document, and position of the unit in it.
    source: usize,
    position: usize,
    score: f32,
    ids: Vec<String>,
}

/// A document with its texts and language.
struct ParsedSource<'a> {
    source: &'a Source,
    texts: Vec<Cow<'a, str>>,
    full_text: String,
    language: Language,
}

impl<'a> ParsedSource<'a> {
    fn parse(source: &'a Source) -> Self {
        let whole = source.full_text();
        Self {
            source,
            texts: source.texts(),
            language: Language::detect(&whole),
            full_text: whole,
        }
    }
}

/// Input of the extractive answerer.
#[derive(Debug, Clone, Copy)]
pub struct ExtractInput<'a> {
    /// Search query.
    pub query: &'a str,
    /// Documents, best first.
    pub sources: &'a [Source],
    /// True if a search returned the documents for this query. In that case the answer begins with
    /// the first document even if it contains no term of the query, because the connector's ranking
    /// may be better.
    pub are_search_results: bool,
    /// Maximum number of units. Sentences that belong together count as one.
    pub max_sentences: usize,
    /// Maximum number of words; none without a limit.
    // wire: max_tokens; a word counts as a token here
    pub max_words: Option<usize>,
}

/// Answers with the best sentences. A sentence that occurs in several documents appears once and
/// cites all of them.
#[must_use]
pub fn extract_answer(extract: &ExtractInput<'_>) -> Answer {
    let read: Vec<ParsedSource<'_>> = extract.sources.iter().map(ParsedSource::parse).collect();
    let mut best = choose_units(extract, &read);
    // Sentences of a document stay together and in its order. The document with the best sentence
    // comes first.
    let mut rank: HashMap<usize, usize> = HashMap::new();
    for candidate in &best {
        let next = rank.len();
        rank.entry(candidate.source).or_insert(next);
    }
    best.sort_by_key(|candidate| (rank[&candidate.source], candidate.position));
    let mut answer = Answer {
        text: String::new(),
        citations: Vec::new(),
        finish: FinishReason::Complete,
        usage: None,
        problem: None,
    };
    if best.is_empty() {
        answer.text.push_str(NO_MATCH_ANSWER);
        return answer;
    }
    let mut left = extract.max_words.unwrap_or(usize::MAX);
    for candidate in best {
        let words = candidate.text.split_whitespace().count();
        let mut text = candidate.text;
        if words > left {
            answer.finish = FinishReason::MaxTokens;
            text = first_words(text, left);
            if !answer.text.is_empty() || text.is_empty() {
                break;
            }
        }
        left = left.saturating_sub(words);
        push_unit(&mut answer, text, candidate.ids);
    }
    answer
}

fn push_unit(answer: &mut Answer, unit: &str, ids: Vec<String>) {
    let ends = answer
        .text
        .ends_with(['.', '!', '?', '。', '！', '？', ':']);
    let in_line = ends && !unit.contains('\n');
    match () {
        () if answer.text.is_empty() => {}
        () if in_line => answer.text.push(' '),
        () => answer.text.push('\n'),
    }
    let start = answer.text.len();
    answer.text.push_str(unit);
    let citation = Citation::new(&answer.text, start..answer.text.len(), ids);
    answer.citations.push(citation);
}

/// Returns the first words of a text.
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

/// Selects the units of the answer, best first.
fn choose_units<'a>(
    extract: &ExtractInput<'_>,
    read: &'a [ParsedSource<'_>],
) -> Vec<Candidate<'a>> {
    let mut candidates = collect_candidates(read);
    if candidates.is_empty() {
        return candidates;
    }
    let scores = score_candidates(&candidates, read, extract.query);
    let wholes: Vec<_> = read
        .iter()
        .map(|read| (read.full_text.as_str(), read.language))
        .collect();
    let of_documents = Ranking::new(&wholes).score(extract.query);
    for (candidate, score) in candidates.iter_mut().zip(scores) {
        if score > 0.0 {
            candidate.score = score + DOCUMENT_WEIGHT * of_documents[candidate.source];
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let top = candidates[0].score;
    if top > 0.0 {
        let fits = |candidate: &Candidate<'_>| candidate.score >= MIN_RELATIVE_SCORE * top;
        let count = candidates
            .iter()
            .take(extract.max_sentences)
            .take_while(|candidate| fits(candidate))
            .count();
        let others = candidates.split_off(count);
        if count < extract.max_sentences && !covers_query(&candidates, read, extract.query) {
            let next_unit = find_next_unit(&candidates, others);
            candidates.extend(next_unit);
        }
        return candidates;
    }
    let languages: Languages = read.iter().map(|read| read.language).collect();
    if !extract.are_search_results || query_terms(extract.query, languages).is_empty() {
        return Vec::new();
    }
    candidates.retain(|candidate| candidate.source == 0);
    candidates.sort_by_key(|candidate| candidate.position);
    candidates.truncate(extract.max_sentences.min(2));
    candidates
}

/// Scores each unit, or its head if that scores higher: a long list must not hide its lead-in.
fn score_candidates(
    candidates: &[Candidate<'_>],
    read: &[ParsedSource<'_>],
    query: &str,
) -> Vec<f32> {
    let of = |part: for<'a> fn(&Candidate<'a>) -> &'a str| {
        let texts: Vec<_> = candidates
            .iter()
            .map(|candidate| (part(candidate), read[candidate.source].language))
            .collect();
        Ranking::new(&texts).score(query)
    };
    let of_wholes = of(|candidate| candidate.text);
    if candidates
        .iter()
        .all(|candidate| candidate.head == candidate.text)
    {
        return of_wholes;
    }
    let of_heads = of(|candidate| candidate.head);
    let both = of_wholes.into_iter().zip(of_heads);
    both.map(|(whole, head)| whole.max(head)).collect()
}

/// True if the chosen units contain most of the question's terms.
fn covers_query(chosen: &[Candidate<'_>], read: &[ParsedSource<'_>], query: &str) -> bool {
    let Some(best) = chosen.first() else {
        return false;
    };
    let language = read[best.source].language;
    let query_terms = question_terms(query, StopWords::for_text(query), language);
    let covered_terms: Vec<String> = chosen
        .iter()
        .flat_map(|candidate| content_terms(candidate.text, read[candidate.source].language))
        .collect();
    let found = query_terms
        .iter()
        .filter(|term| covered_terms.contains(term))
        .count();
    found as f32 >= MIN_COVERAGE * query_terms.len() as f32
}

/// Returns the unit after the best one in its document, which often answers in other words.
fn find_next_unit<'a>(
    chosen: &[Candidate<'a>],
    others: Vec<Candidate<'a>>,
) -> Option<Candidate<'a>> {
    let best = chosen.first()?;
    let next = (best.source, best.position + 1);
    others
        .into_iter()
        .find(|candidate| (candidate.source, candidate.position) == next)
}

/// Returns every distinct unit of the documents, except those that only announce the next one.
fn collect_candidates<'a>(read: &'a [ParsedSource<'_>]) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, read) in read.iter().enumerate() {
        let mut position = 0;
        for text in &read.texts {
            for unit in units_with_heads(text) {
                let (unit, head) = (&text[unit.range], &text[unit.head]);
                position += 1;
                if is_lead_in(unit) {
                    continue;
                }
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
                            head,
                            source: index,
                            position,
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
mod tests;
