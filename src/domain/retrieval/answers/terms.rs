//! From text to the terms that ranking compares: words without case, accents and the endings of their
//! language.
//!
//! The same terms are used for the index of a folder, for the ranking of what connectors return,
//! and for finding which document a sentence of a model rests on. A query is made into the terms of
//! each language that the texts are in.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    language::{Language, Languages},
    stop_words::StopWords,
};

/// The longest word that is one, in bytes: what is longer is data.
const WORD_MAX: usize = 64;

/// Every term of a text, in its order.
#[must_use]
pub fn terms(text: &str, language: Language) -> Vec<String> {
    collect(text, language, |_| true)
}

/// The terms that carry meaning, in their order: without the common words.
#[must_use]
pub fn content_terms(text: &str, language: Language) -> Vec<String> {
    collect(text, language, |word| !language.is_common(word))
}

/// The terms that carry meaning in a question, as texts in this language have them: without the common
/// words of that language, and without those of the question's own.
#[must_use]
pub fn asked_terms(question: &str, stop_words: StopWords, language: Language) -> Vec<String> {
    let says_nothing = |word: &str| language.is_common(word) || stop_words.contains(word);
    collect(question, language, |word| !says_nothing(word))
}

/// The terms that carry meaning, as texts in these languages have them, each once, the words in their
/// order.
#[must_use]
pub fn query_terms(query: &str, languages: Languages) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let stop_words = StopWords::of(query);
    for language in languages.iter() {
        for term in asked_terms(query, stop_words, language) {
            if !found.contains(&term) {
                found.push(term);
            }
        }
    }
    found
}

/// True for a word in lower case that is too common in English to tell texts apart.
#[must_use]
pub fn is_common(word: &str) -> bool {
    Language::English.is_common(word)
}

/// The words of a text in lower case, in their order.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words()
        // "store.batch_size" is one word to Unicode, and three to who searches for it.
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric() && !is_mark(c)))
        .filter(|word| !word.is_empty() && word.len() <= WORD_MAX)
        .map(lower)
}

/// True for an accent that stands after its letter.
const fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

fn lower(word: &str) -> String {
    let lower = word.to_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    // Russian writes either.
    lower
        .nfc()
        .map(|c| if c == 'ё' { 'е' } else { c })
        .collect()
}

fn collect(text: &str, language: Language, keep: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Option<char> = None;
    for word in words(text) {
        let ideograph = single_ideograph(&word);
        // Chinese and Japanese write no spaces: pairs of characters stand for their words.
        if let (Some(first), Some(second)) = (before, ideograph) {
            found.push(format!("{first}{second}"));
        }
        before = ideograph;
        if ideograph.is_some() {
            found.push(word);
        } else if keep(&word) {
            found.push(fold(language.stem(&word)));
        }
    }
    found
}

/// The character of a word that is one ideograph or kana: Unicode makes each a word of its own.
fn single_ideograph(word: &str) -> Option<char> {
    let mut characters = word.chars();
    let first = characters.next()?;
    let is_one = matches!(first, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    (is_one && characters.next().is_none()).then_some(first)
}

/// Latin letters without their accents.
fn fold(word: String) -> String {
    if word.is_ascii() {
        return word;
    }
    word.chars()
        .map(|character| match character {
            'ß' => 's',
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                std::iter::once(character).nfd().next().unwrap_or(character)
            }
            other => other,
        })
        .collect()
}

/// Splits what is terms with spaces between them, for the crate that ranks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spaced;

impl bm25::Tokenizer for Spaced {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split(' ')
            .filter(|term| !term.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_endings_and_common_words_go() {
        let english = |text| content_terms(text, Language::English);
        assert_eq!(
            english("How are the Cafés restarting?"),
            ["cafe", "restart"]
        );
        assert_eq!(
            terms("store.batch_size", Language::English),
            ["store", "batch", "size"]
        );
        assert_eq!(english("the \" AND ( *"), [""; 0]);
        let german = content_terms("Wann werden die Häuser gebaut?", Language::German);
        assert_eq!(
            german,
            content_terms("gebautes Haus", Language::German)
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
        );
        assert_eq!(
            terms("Всё", Language::Russian),
            terms("все", Language::Russian)
        );
    }

    #[test]
    fn a_query_is_made_for_each_language() {
        let languages = [Language::English, Language::German].into_iter().collect();
        assert_eq!(
            query_terms("alle die Häuser", languages),
            ["hauser", "haus"]
        );
        let dutch = [Language::Dutch].into_iter().collect();
        assert_eq!(query_terms("Who is on the team?", dutch), ["team"]);
    }

    #[test]
    fn chinese_is_found_by_pairs() {
        assert_eq!(
            terms("数据库", Language::English),
            ["数", "数据", "据", "据库", "库"]
        );
    }
}
