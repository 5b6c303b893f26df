//! Languages of texts: detection, stemming and stop words.

use std::{collections::HashSet, sync::LazyLock};

use frostem::{Algorithm, Stemmer};
use whatlang::{Detector, Lang};

use super::stop_word_lists;

/// Number of characters used for language detection. A longer sample takes more time and does not
/// change the result.
const SAMPLE_CHARS: usize = 600;

/// A language with a stemmer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Language {
    /// English, and every language without a stemmer.
    #[default]
    English,
    /// Czech.
    Czech,
    /// Danish.
    Danish,
    /// Dutch.
    Dutch,
    /// Finnish.
    Finnish,
    /// French.
    French,
    /// German.
    German,
    /// Hungarian.
    Hungarian,
    /// Italian.
    Italian,
    /// Norwegian.
    Norwegian,
    /// Polish.
    Polish,
    /// Portuguese.
    Portuguese,
    /// Romanian.
    Romanian,
    /// Russian.
    Russian,
    /// Spanish.
    Spanish,
    /// Swedish.
    Swedish,
    /// Turkish.
    Turkish,
    /// Ukrainian.
    Ukrainian,
}

/// All languages with their detection code, stemmer and stop words.
const LANGUAGES: [(Language, Lang, Algorithm, &str); 18] = [
    (
        Language::English,
        Lang::Eng,
        Algorithm::English,
        stop_word_lists::ENGLISH,
    ),
    (Language::Czech, Lang::Ces, Algorithm::Czech, ""),
    (
        Language::Danish,
        Lang::Dan,
        Algorithm::Danish,
        stop_word_lists::DANISH,
    ),
    (
        Language::Dutch,
        Lang::Nld,
        Algorithm::Dutch,
        stop_word_lists::DUTCH,
    ),
    (Language::Finnish, Lang::Fin, Algorithm::Finnish, ""),
    (
        Language::French,
        Lang::Fra,
        Algorithm::French,
        stop_word_lists::FRENCH,
    ),
    (
        Language::German,
        Lang::Deu,
        Algorithm::German,
        stop_word_lists::GERMAN,
    ),
    (Language::Hungarian, Lang::Hun, Algorithm::Hungarian, ""),
    (
        Language::Italian,
        Lang::Ita,
        Algorithm::Italian,
        stop_word_lists::ITALIAN,
    ),
    (
        Language::Norwegian,
        Lang::Nob,
        Algorithm::Norwegian,
        stop_word_lists::NORWEGIAN,
    ),
    (
        Language::Polish,
        Lang::Pol,
        Algorithm::Polish,
        stop_word_lists::POLISH,
    ),
    (
        Language::Portuguese,
        Lang::Por,
        Algorithm::Portuguese,
        stop_word_lists::PORTUGUESE,
    ),
    (Language::Romanian, Lang::Ron, Algorithm::Romanian, ""),
    (
        Language::Russian,
        Lang::Rus,
        Algorithm::Russian,
        stop_word_lists::RUSSIAN,
    ),
    (
        Language::Spanish,
        Lang::Spa,
        Algorithm::Spanish,
        stop_word_lists::SPANISH,
    ),
    (
        Language::Swedish,
        Lang::Swe,
        Algorithm::Swedish,
        stop_word_lists::SWEDISH,
    ),
    (Language::Turkish, Lang::Tur, Algorithm::Turkish, ""),
    (
        Language::Ukrainian,
        Lang::Ukr,
        Algorithm::Ukrainian,
        stop_word_lists::UKRAINIAN,
    ),
];

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    Detector::with_allowlist(LANGUAGES.iter().map(|(_, lang, _, _)| *lang).collect())
});

static STOP_WORDS: LazyLock<Vec<HashSet<&'static str>>> = LazyLock::new(|| {
    let words = LANGUAGES
        .iter()
        .map(|(_, _, _, words)| words.split_whitespace());
    words.map(Iterator::collect).collect()
});

impl Language {
    /// Detects the language of a text. A wrong result costs little, because a query is stemmed like
    /// the texts that it is compared with.
    #[must_use]
    pub fn detect(text: &str) -> Self {
        let end = text
            .char_indices()
            .nth(SAMPLE_CHARS)
            .map_or(text.len(), |(end, _)| end);
        let found = DETECTOR.detect_lang(&text[..end]);
        let known = LANGUAGES
            .iter()
            .find(|(_, lang, _, _)| Some(*lang) == found);
        known.map_or(Self::English, |(language, ..)| *language)
    }

    /// Iterates over all languages.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        LANGUAGES.iter().map(|(language, ..)| *language)
    }

    /// Returns the stem of a word in lower case.
    pub(super) fn stem(self, word: &str) -> String {
        Stemmer::new(LANGUAGES[self as usize].2)
            .stem(word)
            .into_owned()
    }

    /// True for a stop word in lower case.
    pub(super) fn is_stop_word(self, word: &str) -> bool {
        STOP_WORDS[self as usize].contains(word)
    }
}

/// A set of languages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Languages(u32);

impl Languages {
    /// Returns the set for a value of [`bits`](Self::bits).
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the set as a bit field. It is stored in the database, so the discriminants of
    /// [`Language`] never change.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Iterates over the languages; English for an empty set.
    pub fn iter(self) -> impl Iterator<Item = Language> {
        let bits = self.0.max(1);
        let all = LANGUAGES.iter().map(|(language, ..)| *language);
        all.filter(move |language| bits & (1 << *language as u32) != 0)
    }
}

impl FromIterator<Language> for Languages {
    fn from_iter<I: IntoIterator<Item = Language>>(languages: I) -> Self {
        let bits = languages.into_iter().map(|language| 1 << language as u32);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        for (text, language) in [
            (
                "The backups are kept for thirty days in the cellar.",
                Language::English,
            ),
            (
                "Die Sicherungen werden dreißig Tage lang im Keller aufbewahrt.",
                Language::German,
            ),
            (
                "Резервные копии хранятся в подвале тридцать дней.",
                Language::Russian,
            ),
            (
                "Les sauvegardes sont conservées pendant trente jours.",
                Language::French,
            ),
            (
                "Las copias de seguridad se guardan durante treinta días.",
                Language::Spanish,
            ),
            ("东京的车站很大。", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::detect(text), language, "{text}");
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_numbers() {
        for (number, (language, ..)) in LANGUAGES.iter().enumerate() {
            assert_eq!(*language as usize, number);
        }
        let set: Languages = [Language::German, Language::Russian].into_iter().collect();
        let back: Vec<_> = Languages::from_bits(set.bits()).iter().collect();
        assert_eq!(back, [Language::German, Language::Russian]);
        assert!(Languages::default().iter().eq([Language::English]));
    }

    #[test]
    fn words_lose_the_endings_of_their_language() {
        assert_eq!(
            Language::German.stem("häuser"),
            Language::German.stem("haus")
        );
        assert_eq!(
            Language::Russian.stem("копии"),
            Language::Russian.stem("копия")
        );
        assert!(Language::German.is_stop_word("die") && !Language::English.is_stop_word("die"));
    }
}
