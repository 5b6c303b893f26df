//! Stop words of a query, in the language of the query. In texts of another language these words
//! are rare content words, so the search must not use them.

use std::collections::HashSet;

use super::{
    language::{Language, Languages},
    terms::words,
};

/// Minimum number of stop words for detecting a text's language by them.
const STOP_WORDS_MIN: usize = 2;

/// Stop words for the language of a text.
#[derive(Debug, Clone, Copy)]
pub struct StopWords {
    languages: Languages,
}

impl StopWords {
    /// Selects the language in which the most words of a text are stop words. A text with too few
    /// stop words gets its detected language and English.
    #[must_use]
    pub fn for_text(text: &str) -> Self {
        let text_words: HashSet<String> = words(text).collect();
        let count = |language: Language| {
            let common = text_words.iter().filter(|word| language.is_stop_word(word));
            common.count()
        };
        let counts: Vec<(Language, usize)> = Language::all()
            .map(|language| (language, count(language)))
            .collect();
        let max_count = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        if max_count < STOP_WORDS_MIN {
            let languages = [Language::detect(text), Language::English];
            let languages = languages.into_iter().collect();
            return Self { languages };
        }
        let best = counts.into_iter().filter(|(_, count)| *count == max_count);
        let languages = best.map(|(language, _)| language).collect();
        Self { languages }
    }

    /// True for a stop word in lower case.
    pub(super) fn contains(self, word: &str) -> bool {
        self.languages
            .iter()
            .any(|language| language.is_stop_word(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Vec<String> {
        let stop_words = StopWords::for_text(text);
        words(text)
            .filter(|word| !stop_words.contains(word))
            .collect()
    }

    #[test]
    fn the_common_words_of_the_language_of_a_question_are_none_of_its_content() {
        for (question, content) in [
            ("What is the price of the pro plan?", "price pro plan"),
            ("Who is on the team?", "team"),
            ("The plan?", "plan"),
            ("How do plants die?", "plants die"),
            ("Wer ist im Team?", "team"),
            ("Quel est le prix de l'or?", "prix or"),
            ("Кто в команде?", "команде"),
        ] {
            assert_eq!(kept(question).join(" "), content, "{question}");
        }
    }
}
