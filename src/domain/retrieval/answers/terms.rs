//! Converts text to terms: words without case and accents, reduced to their stems.
//!
//! The same terms serve the index of a folder, the ranking of connectors' results, and the search
//! for the document that supports a model's sentence. A query is converted to the terms of each
//! language of the texts.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    language::{Language, Languages},
    stop_words::StopWords,
};

/// Maximum length of a word, in bytes. A longer one is data.
const WORD_MAX: usize = 64;

/// Returns every term of a text, in order.
#[must_use]
pub fn terms(text: &str, language: Language) -> Vec<String> {
    collect_terms(text, language, |_| true)
}

/// Returns the terms of a text without stop words, in order.
#[must_use]
pub fn content_terms(text: &str, language: Language) -> Vec<String> {
    collect_terms(text, language, |word| !language.is_stop_word(word))
}

/// Returns the terms of a question for texts in one language, without the stop words of that
/// language and of the question's own language.
#[must_use]
pub fn question_terms(question: &str, stop_words: StopWords, language: Language) -> Vec<String> {
    let says_nothing = |word: &str| language.is_stop_word(word) || stop_words.contains(word);
    collect_terms(question, language, |word| !says_nothing(word))
}

/// Returns the distinct terms of a query for texts in these languages, without stop words, in the
/// order of the words.
#[must_use]
pub fn query_terms(query: &str, languages: Languages) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let stop_words = StopWords::for_text(query);
    for language in languages.iter() {
        for term in question_terms(query, stop_words, language) {
            if !found.contains(&term) {
                found.push(term);
            }
        }
    }
    found
}

/// True for an English stop word in lower case.
#[must_use]
pub fn is_english_stop_word(word: &str) -> bool {
    Language::English.is_stop_word(word)
}

/// Returns the words of a text in lower case, in order.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words()
        // "store.batch_size" is one word in Unicode, but users search for its three parts.
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric() && !is_mark(c)))
        .filter(|word| !word.is_empty() && word.len() <= WORD_MAX)
        .map(normalize_word)
}

/// True for a combining accent.
const fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

fn normalize_word(word: &str) -> String {
    let lower = word.to_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    // Russian texts often write `е` for `ё`.
    lower
        .nfc()
        .map(|c| if c == 'ё' { 'е' } else { c })
        .collect()
}

fn collect_terms(text: &str, language: Language, keep: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Option<char> = None;
    for word in words(text) {
        let ideograph = single_ideograph(&word);
        // Chinese and Japanese have no spaces, so pairs of characters serve as words.
        if let (Some(first), Some(second)) = (before, ideograph) {
            found.push(format!("{first}{second}"));
        }
        before = ideograph;
        if ideograph.is_some() {
            found.push(word);
        } else if keep(&word) {
            found.push(fold_accents(language.stem(&word)));
        }
    }
    found
}

/// Returns the character of a word that is one ideograph or kana. Unicode makes each of them a
/// word.
fn single_ideograph(word: &str) -> Option<char> {
    let mut characters = word.chars();
    let first = characters.next()?;
    let is_one = matches!(first, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    (is_one && characters.next().is_none()).then_some(first)
}

/// Removes the accents of Latin letters.
fn fold_accents(word: String) -> String {
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

/// Tokenizer for the `bm25` crate that splits terms at spaces.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpaceTokenizer;

impl bm25::Tokenizer for SpaceTokenizer {
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
