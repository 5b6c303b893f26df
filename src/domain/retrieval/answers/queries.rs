//! Builds search queries from a message and its history.

use super::{
    language::Language,
    sentences::sentences,
    terms::{self, is_english_stop_word, words},
};

/// Author of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The user.
    User,
    /// The chatbot.
    Chatbot,
    /// The author of the conversation's setup.
    System,
}

/// A turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Author.
    pub role: Role,
    /// Text.
    pub message: String,
}

/// Courtesy words, which are not searched for.
const COURTESIES: &[&str] = &[
    "bye", "goodbye", "good", "great", "hello", "hey", "hi", "morning", "evening", "nice", "no",
    "ok", "okay", "perfect", "thank", "thanks", "very", "much", "welcome", "yes",
];

/// Words that refer to an earlier turn.
const BACK_REFERENCES: &[&str] = &[
    "it", "its", "that", "this", "they", "them", "their", "those", "these", "he", "him", "his",
    "she", "her", "one", "ones", "there", "then", "also", "else", "more",
];

/// Maximum number of terms in a question that may depend on the previous one.
const DEPENDENT_TERMS_MAX: usize = 3;

/// Returns the terms of a turn, for comparison with other turns. Any stemmer suffices for that.
fn english_content_terms(text: &str) -> Vec<String> {
    terms::content_terms(text, Language::English)
}

/// Returns the query for a message: the message itself and, if it refers to an earlier turn ("and
/// how long is it kept?"), the user's previous words. None if there is nothing to search for.
#[must_use]
pub fn build_search_query(message: &str, history: &[Turn]) -> Option<String> {
    let message = message.trim();
    let message_words: Vec<String> = words(message).collect();
    let is_courtesy =
        |word: &String| COURTESIES.contains(&word.as_str()) || is_english_stop_word(word);
    let refers_back = message_words
        .iter()
        .any(|word| BACK_REFERENCES.contains(&word.as_str()))
        || message_words
            .first()
            .is_some_and(|first| first == "and" || first == "but");
    let mut turns = history.iter().rev();
    let before = turns.find(|turn| turn.role == Role::User && !turn.message.trim().is_empty());
    if message_words.is_empty() {
        return None;
    }
    if message_words.iter().all(is_courtesy) && !(refers_back && before.is_some()) {
        // "Who are you?" counts as a courtesy too; a document rarely answers it.
        return None;
    }
    match before {
        Some(before)
            if refers_back && english_content_terms(message).len() <= DEPENDENT_TERMS_MAX =>
        {
            let known = english_content_terms(message);
            let context: Vec<String> = words(&before.message)
                .filter(|word| !is_english_stop_word(word))
                .filter(|word| {
                    english_content_terms(word)
                        .iter()
                        .all(|term| !known.contains(term))
                })
                .collect();
            Some(match context.as_slice() {
                [] => message.to_owned(),
                context => format!("{message} {}", context.join(" ")),
            })
        }
        _ => Some(message.to_owned()),
    }
}

/// Maximum number of queries for one message.
const QUERIES_MAX: usize = 3;

/// Returns the queries for a message: one for each of its questions, with the earlier turns as
/// context. A later question may refer to an earlier one.
#[must_use]
pub fn build_search_queries(message: &str, history: &[Turn]) -> Vec<String> {
    let questions = split_questions(message);
    let mut before = history.to_vec();
    let mut queries: Vec<String> = Vec::new();
    for question in questions {
        if let Some(query) =
            build_search_query(question, &before).filter(|query| !queries.contains(query))
        {
            queries.push(query);
        }
        before.push(Turn {
            role: Role::User,
            message: question.to_owned(),
        });
    }
    queries
}

/// Splits a message into parts that each end with a question, at most [`QUERIES_MAX`].
fn split_questions(message: &str) -> Vec<&str> {
    let ends: Vec<usize> = sentences(message)
        .into_iter()
        .map(|part| part.end)
        .filter(|end| message[..*end].ends_with(['?', '？', '؟']))
        .collect();
    let mut parts = Vec::new();
    let mut from = 0;
    for end in ends
        .iter()
        .take(ends.len().min(QUERIES_MAX).saturating_sub(1))
    {
        parts.push(&message[from..*end]);
        from = *end;
    }
    parts.push(&message[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(message: &str, history: &[&str]) -> Option<String> {
        let turns: Vec<Turn> = history
            .iter()
            .map(|message| Turn {
                role: Role::User,
                message: (*message).to_owned(),
            })
            .collect();
        build_search_query(message, &turns)
    }

    #[test]
    fn a_question_is_searched_for_as_it_is() {
        let question = "How long is a backup kept?";
        assert_eq!(query(question, &[]).as_deref(), Some(question));
        assert_eq!(query(question, &["Hello"]).as_deref(), Some(question));
        assert_eq!(query("東京の駅は？", &[]).as_deref(), Some("東京の駅は？"));
    }

    #[test]
    fn a_question_that_points_back_takes_what_it_points_at_along() {
        let history = ["How are the backups made?"];
        assert_eq!(
            query("How long is it kept?", &history).as_deref(),
            Some("How long is it kept? backups made")
        );
        assert_eq!(
            query("and on Sundays?", &history).as_deref(),
            Some("and on Sundays? backups made")
        );
        assert_eq!(
            query("How is it?", &history).as_deref(),
            Some("How is it? backups made")
        );
    }

    #[test]
    fn each_question_is_searched_for() {
        let queries = |message: &str| build_search_queries(message, &[]);
        assert_eq!(
            queries("I run a shop. When are backups made? And how long are they kept? Thanks."),
            [
                "I run a shop. When are backups made?",
                "And how long are they kept? Thanks. run shop backups made"
            ]
        );
        assert_eq!(queries("Why? Where is Rome? Is it old?").len(), 2);
        assert_eq!(queries("Oak? Elm? Fir? Ash? Yew?").len(), 3);
        assert_eq!(queries("Hello!"), [""; 0]);
        assert_eq!(queries("東京は？大阪は？").len(), 2);
    }

    #[test]
    fn a_courtesy_is_not_searched_for() {
        for courtesy in ["Hello!", "thanks, very good", "", "👋", "How are you?"] {
            assert_eq!(
                query(courtesy, &["Where are the backups?"]),
                None,
                "{courtesy}"
            );
        }
    }
}
