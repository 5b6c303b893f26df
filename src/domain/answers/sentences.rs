//! Sentences of a text.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// The longest sentence, in bytes; what is longer is cut between words.
const SENTENCE_MAX: usize = 600;

/// Where the sentences of a text are, in bytes, without the space around them. A line break that
/// ends a paragraph or an item ends a sentence too.
#[must_use]
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for block in text.split_inclusive("\n") {
        let mut at = start;
        for sentence in block.split_sentence_bounds() {
            push(text, at..at + sentence.len(), &mut found);
            at += sentence.len();
        }
        start += block.len();
    }
    found
}

fn push(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let whole = &text[range.clone()];
    let start = range.start + (whole.len() - whole.trim_start().len());
    let trimmed = whole.trim();
    if !trimmed.chars().any(char::is_alphanumeric) {
        return;
    }
    let end = start + trimmed.len();
    if trimmed.len() <= SENTENCE_MAX {
        found.push(start..end);
        return;
    }
    let mut from = start;
    let mut to = start;
    for word in trimmed.split_word_bounds() {
        if to + word.len() - from > SENTENCE_MAX && to > from {
            found.push(without_space(text, from..to));
            from = to;
        }
        to += word.len();
    }
    found.push(without_space(text, from..end));
}

fn without_space(text: &str, range: Range<usize>) -> Range<usize> {
    let whole = &text[range.clone()];
    let start = range.start + (whole.len() - whole.trim_start().len());
    start..start + whole.trim().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        sentences(text)
            .into_iter()
            .map(|range| &text[range])
            .collect()
    }

    #[test]
    fn a_sentence_ends_with_its_mark_or_its_line() {
        assert_eq!(
            texts("Backups run at 3.30 a.m. daily. They are kept!\nWeekly: no\n\n- "),
            [
                "Backups run at 3.30 a.m. daily.",
                "They are kept!",
                "Weekly: no"
            ]
        );
        assert_eq!(texts("数据库很快。它很小。"), ["数据库很快。", "它很小。"]);
    }

    proptest! {
        #[test]
        fn sentences_follow_each_other_and_are_not_too_long(text in "(\\PC|\n){0,900}") {
            let mut end = 0;
            for range in sentences(&text) {
                prop_assert!(range.start >= end && range.end > range.start);
                prop_assert!(range.len() <= SENTENCE_MAX + 64);
                prop_assert_eq!(text[range.clone()].trim(), &text[range.clone()]);
                end = range.end;
            }
        }
    }
}
