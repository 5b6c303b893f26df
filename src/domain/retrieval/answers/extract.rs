//! The extractive answerer: the best sentences of the documents, each cited.

use std::{borrow::Cow, collections::HashMap};

use super::{
    language::{Language, Languages},
    rank::Ranking,
    sentences::announces,
    source::Source,
    stop_words::StopWords,
    terms::{asked_terms, content_terms, query_terms},
    text::{Answer, Citation, Finish},
    units::headed_units,
};

/// What is said when the documents say nothing.
const NOTHING: &str = "I found nothing about this in the documents.";
/// A unit that fits less than this part of the best one is left out.
const WORTH_IT: f32 = 0.4;
/// How much the whole document counts beside the unit.
const DOCUMENT_WEIGHT: f32 = 0.25;
/// How much of the question must be in the answer for it not to need what stands beside it.
const COVERED: f32 = 0.5;

/// A unit of a document that an answer may tell: a sentence, or several that belong together.
struct Candidate<'a> {
    text: &'a str,
    /// The part that says by itself what it is about.
    head: &'a str,
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

/// The units to answer with, best first.
fn choose<'a>(extract: &Extract<'_>, read: &'a [Read<'_>]) -> Vec<Candidate<'a>> {
    let mut candidates = candidates(read);
    if candidates.is_empty() {
        return candidates;
    }
    let scores = scores(&candidates, read, extract.query);
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

/// How well each unit fits the query, or its head where that fits better: a long list must not hide its
/// lead-in.
fn scores(candidates: &[Candidate<'_>], read: &[Read<'_>], query: &str) -> Vec<f32> {
    let of = |part: for<'a> fn(&Candidate<'a>) -> &'a str| {
        let texts: Vec<_> = candidates
            .iter()
            .map(|candidate| (part(candidate), read[candidate.source].language))
            .collect();
        Ranking::of(&texts).scores(query)
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

/// True if most of the question's words are in what was chosen: it then says by itself what it is about.
fn covers(chosen: &[Candidate<'_>], read: &[Read<'_>], query: &str) -> bool {
    let Some(best) = chosen.first() else {
        return false;
    };
    let language = read[best.source].language;
    let wanted = asked_terms(query, StopWords::of(query), language);
    let said: Vec<String> = chosen
        .iter()
        .flat_map(|candidate| content_terms(candidate.text, read[candidate.source].language))
        .collect();
    let found = wanted.iter().filter(|term| said.contains(term)).count();
    found as f32 >= COVERED * wanted.len() as f32
}

/// The units after the best one in its document: an answer often stands there in words of its own.
fn beside<'a>(chosen: &[Candidate<'a>], others: Vec<Candidate<'a>>) -> Option<Candidate<'a>> {
    let best = chosen.first()?;
    let next = (best.source, best.place + 1);
    others
        .into_iter()
        .find(|candidate| (candidate.source, candidate.place) == next)
}

/// Every unit of the documents that tells something, each once.
fn candidates<'a>(read: &'a [Read<'_>]) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, read) in read.iter().enumerate() {
        let mut place = 0;
        for text in &read.texts {
            for unit in headed_units(text) {
                let (unit, head) = (&text[unit.range], &text[unit.head]);
                place += 1;
                if announces(unit) {
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
mod tests;
