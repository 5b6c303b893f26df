//! From text to the terms that ranking compares: words without case, accents and endings.
//!
//! The same terms are used for the index of a folder, for the ranking of what connectors return,
//! and for finding which document a sentence of a model rests on.

use std::{collections::HashSet, sync::LazyLock};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Words too common in English to tell one text from another. In other languages the frequency of
/// a term in the corpus says it.
const COMMON: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "d", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "him",
    "his", "how", "i", "if", "in", "into", "is", "it", "its", "ll", "m", "me", "my", "of", "on",
    "or", "our", "please", "re", "s", "she", "should", "so", "some", "t", "tell", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "us", "ve",
    "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will",
    "with", "would", "you", "your",
];

static COMMON_WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| COMMON.iter().copied().collect());

/// The longest word that is one, in bytes: what is longer is data.
const WORD_MAX: usize = 64;

/// Every term of a text, in its order.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    collect(text, |_| true)
}

/// The terms that carry meaning, in their order: without the common words.
#[must_use]
pub fn content_terms(text: &str) -> Vec<String> {
    collect(text, |word| !is_common(word))
}

/// Whether a word in lower case is too common to tell texts apart.
#[must_use]
pub fn is_common(word: &str) -> bool {
    COMMON_WORDS.contains(word)
}

/// The words of a text in lower case, without accents, in their order.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words()
        // "store.batch_size" is one word to Unicode, and three to who searches for it.
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty() && word.len() <= WORD_MAX)
        .map(|word| fold(&word.to_lowercase()))
}

fn collect(text: &str, keep: impl Fn(&str) -> bool) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
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
            found.push(stemmer.stem(&word).into_owned());
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
fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    word.nfc()
        .map(|character| match character {
            'ß' => 's',
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                std::iter::once(character).nfd().next().unwrap_or(character)
            }
            other => other,
        })
        .collect()
}

/// The terms, for the crate that ranks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms;

impl bm25::Tokenizer for Terms {
    fn tokenize(&self, text: &str) -> Vec<String> {
        content_terms(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_endings_and_common_words_go() {
        assert_eq!(
            content_terms("How are the Cafés restarting?"),
            ["cafe", "restart"]
        );
        assert_eq!(terms("store.batch_size"), ["store", "batch", "size"]);
        assert_eq!(content_terms("the \" AND ( *"), [""; 0]);
    }

    #[test]
    fn chinese_is_found_by_pairs() {
        assert_eq!(terms("数据库"), ["数", "数据", "据", "据库", "库"]);
    }
}
