//! Sentences of a text.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// The longest sentence, in bytes; what is longer is cut between words.
const SENTENCE_MAX: usize = 600;

/// What a full stop follows without ending a sentence, in lower case, in several languages.
const ABBREVIATIONS: &[&str] = &[
    "abb", "abs", "art", "bspw", "bzw", "ca", "co", "corp", "dept", "dr", "e.g", "ej", "etc",
    "evtl", "fig", "ggf", "hr", "i.e", "inc", "inkl", "jr", "ltd", "max", "mio", "min", "mme",
    "mr", "mrs", "ms", "nr", "núm", "p.ej", "pp", "prof", "sig", "sr", "sra", "st", "str", "tel",
    "u.a", "usw", "vgl", "vol", "vs", "z.b", "zzgl", "г", "д", "им", "п", "руб", "стр", "т", "т.д",
    "т.е", "т.п", "ул",
];

/// Words before a number that its full stop makes an ordinal of: "am 3. Mai".
const BEFORE_ORDINALS: &[&str] = &[
    "ab", "am", "bis", "dem", "den", "der", "des", "die", "im", "seit", "vom", "zum",
];

/// The shortest line that is taken for the first of a sentence that goes on in the next, in bytes.
const WRAPPED: usize = 30;

/// Where the sentences of a text are, in bytes, without the space around them. A line break that
/// ends a paragraph or an item ends a sentence too; one that only wraps a sentence does not.
#[must_use]
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let mut end = start + line.len();
        let mut last = line;
        while let Some(next) = lines.next_if(|next| wraps(last, next)) {
            end += next.len();
            last = next;
        }
        of_block(text, start..end, &mut found);
        start = end;
    }
    found
}

/// True if a sentence goes on in the next line: texts are wrapped at a width.
fn wraps(line: &str, next: &str) -> bool {
    let line = line.trim();
    let ends = line.ends_with(['.', '!', '?', ':', ';', '…', '|', '。', '！', '？']);
    let goes_on = next.trim_start().starts_with(char::is_lowercase);
    line.len() >= WRAPPED && !ends && goes_on && !is_labelled(next)
}

/// True for a line that begins with the name of what it says: `City: London`.
pub(super) fn is_labelled(line: &str) -> bool {
    let Some((label, value)) = line.trim().split_once(": ") else {
        return false;
    };
    let words = label.split_whitespace().count();
    !value.is_empty() && (1..=4).contains(&words) && label.len() <= 60 && !label.contains(". ")
}

fn of_block(text: &str, block: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut from = block.start;
    let mut to = block.start;
    for sentence in text[block.clone()].split_sentence_bounds() {
        to += sentence.len();
        // Within a block, lines only end by being wrapped.
        let is_wrapped = sentence.ends_with('\n');
        let goes_on = || to - from < SENTENCE_MAX && goes_on_after(&text[from..to]);
        if to < block.end && (is_wrapped || goes_on()) {
            continue;
        }
        push(text, from..to, found);
        from = to;
    }
}

/// True if the full stop at the end of a text is not that of a sentence.
fn goes_on_after(text: &str) -> bool {
    let Some(text) = text.trim().strip_suffix('.') else {
        return false;
    };
    let mut words = text.split_whitespace().rev();
    let last = words.next().unwrap_or_default();
    let last = last.trim_start_matches(['(', '"', '„', '«']);
    if last.is_empty() {
        return false;
    }
    if last.len() <= 2 && last.bytes().all(|byte| byte.is_ascii_digit()) {
        // "1." begins an item.
        return words
            .next()
            .is_none_or(|before| BEFORE_ORDINALS.contains(&before.to_lowercase().as_str()));
    }
    let mut letters = last.chars();
    let is_initial = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
    is_initial || ABBREVIATIONS.contains(&last.to_lowercase().as_str())
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

    #[test]
    fn a_sentence_goes_on_after_an_abbreviation_and_a_wrapped_line() {
        let whole = [
            "Ask Dr. Smith or J. Doe.",
            "Das Fest ist am 3. Mai, z. B. im Garten.",
            "1. Press the button.",
            "The backups are made every night\nand kept for 30 days.",
            "Офис на ул. Ленина открыт.",
        ];
        for text in whole {
            assert_eq!(texts(text), [text]);
        }
        assert_eq!(texts("one\ntwo").len(), 2);
        let records = "the first of the members: is long\nsecond: 2";
        assert_eq!(texts(records).len(), 2);
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
