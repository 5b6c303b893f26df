//! Splits text into sentences.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Maximum length of a sentence, in bytes. A longer one is split between words.
const SENTENCE_MAX: usize = 600;

/// Abbreviations whose full stop does not end a sentence, in lower case, in several languages.
const ABBREVIATIONS: &[&str] = &[
    "abb", "abs", "allg", "anm", "approx", "art", "bspw", "bzgl", "bzw", "ca", "cf", "co", "corp",
    "d.h", "dept", "dr", "e.g", "ehem", "einschl", "ej", "entspr", "etc", "evtl", "exkl", "fig",
    "figs", "geb", "ggf", "hr", "i.d.r", "i.e", "inc", "inkl", "insb", "jr", "jährl", "kap", "lt",
    "ltd", "max", "min", "mio", "mme", "monatl", "mr", "mrd", "mrs", "ms", "nr", "núm", "p.ej",
    "pp", "prof", "sig", "sog", "sr", "sra", "st", "str", "tel", "tsd", "tägl", "u.a", "usw",
    "v.a", "vgl", "vol", "vs", "z.b", "z.t", "ziff", "zzgl", "zzt", "г", "д", "им", "п", "руб",
    "стр", "т", "т.д", "т.е", "т.п", "ул",
];

/// Abbreviations that are also words or often end a sentence. They count as abbreviations only
/// before a number, a paragraph sign or another abbreviation.
const BEFORE_NUMBERS: &[&str] = &["ch", "eq", "gem", "mind", "no", "pos", "sec", "sek", "std"];

/// Characters that may follow the final punctuation: they close emphasis, brackets and quotes.
const CLOSERS: &[char] = &[
    '*', '_', '~', '`', ')', ']', '}', '"', '\'', '“', '”', '‘', '’', '«', '»', '›', '‹', '）',
    '］', '】', '」', '』',
];

/// Removes the closing characters of emphasis, brackets and quotes from the end of a text. A
/// bracket that was not opened stays, as in `:)`.
pub(super) fn trim_closers(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some(sign) = text.chars().next_back()
        && CLOSERS.contains(&sign)
    {
        let before = &text[..text.len() - sign.len_utf8()];
        let is_open = match sign {
            ')' => before.contains('('),
            ']' => before.contains('['),
            '}' => before.contains('{'),
            _ => true,
        };
        if !is_open {
            break;
        }
        text = before.trim_end();
    }
    text
}

/// True for a text that ends with a colon and so announces the next one.
pub(super) fn is_lead_in(text: &str) -> bool {
    trim_closers(text).ends_with([':', '：'])
}

/// Words before a number whose full stop marks an ordinal, as in "am 3. Mai".
const BEFORE_ORDINALS: &[&str] = &[
    "ab", "am", "bis", "dem", "den", "der", "des", "die", "im", "seit", "vom", "zum",
];

/// Minimum length of a hard-wrapped line, in bytes.
const WRAPPED_MIN: usize = 30;

/// Returns the byte ranges of the sentences of a text, without surrounding space. A line break that
/// ends a paragraph or an item also ends a sentence; a line break from hard wrapping does not.
#[must_use]
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let mut end = start + line.len();
        let mut last = line;
        while let Some(next) = lines.next_if(|next| continues_in_next_line(last, next)) {
            end += next.len();
            last = next;
        }
        split_block(text, start..end, &mut found);
        start = end;
    }
    found
}

/// True if a sentence continues in the next line of a hard-wrapped text.
fn continues_in_next_line(line: &str, next: &str) -> bool {
    let line = line.trim();
    let ends = line.ends_with(['.', '!', '?', ':', ';', '…', '|', '。', '！', '？']);
    let goes_on = next.trim_start().starts_with(char::is_lowercase);
    line.len() >= WRAPPED_MIN && !ends && !is_lead_in(line) && goes_on && !is_labelled(next)
}

/// True for a line with a label, such as `City: London`.
pub(super) fn is_labelled(line: &str) -> bool {
    let Some((label, value)) = line.trim().split_once(": ") else {
        return false;
    };
    let words = label.split_whitespace().count();
    !value.is_empty() && (1..=4).contains(&words) && label.len() <= 60 && !label.contains(". ")
}

fn split_block(text: &str, block: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut from = block.start;
    let mut to = block.start;
    for sentence in text[block.clone()].split_sentence_bounds() {
        to += sentence.len();
        // Within a block, every line break comes from hard wrapping.
        let is_wrapped = sentence.ends_with('\n');
        let after = &text[to..block.end];
        let goes_on = || to - from < SENTENCE_MAX && continues_after(&text[from..to], after);
        if to < block.end && (is_wrapped || goes_on()) {
            continue;
        }
        let end = to + closing_emphasis(sentence, after);
        push_sentence(text, from..end, found);
        from = end;
    }
}

/// Returns the number of bytes of emphasis that close right after a sentence: `**Wait.** Then go.`
fn closing_emphasis(sentence: &str, after: &str) -> usize {
    if sentence.ends_with(char::is_whitespace) {
        return 0;
    }
    after.len() - after.trim_start_matches(['*', '_', '~', '`']).len()
}

/// True if the full stop at the end of a text does not end a sentence.
fn continues_after(text: &str, after: &str) -> bool {
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
    let last = last.to_lowercase();
    is_initial
        || ABBREVIATIONS.contains(&last.as_str())
        || (BEFORE_NUMBERS.contains(&last.as_str()) && starts_with_number(after))
}

/// True if a text begins with a number or with an abbreviation before a number: "§ 5", "Art. 5".
fn starts_with_number(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let word = first.strip_suffix('.').map(str::to_lowercase);
    first.starts_with(|sign: char| sign == '§' || sign.is_ascii_digit())
        || word.is_some_and(|word| ABBREVIATIONS.contains(&word.as_str()))
}

fn push_sentence(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
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
            found.push(trim_range(text, from..to));
            from = to;
        }
        to += word.len();
    }
    found.push(trim_range(text, from..end));
}

fn trim_range(text: &str, range: Range<usize>) -> Range<usize> {
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
            "Die Frist gilt gem. § 5 BGB und gem. Art. 3.",
            "Der Preis beträgt einschl. Versand lt. Liste 3 Mrd. Euro.",
            "Ada, geb. Byron, hat sog. Cookies exkl. Zucker, siehe Kap. 7 Anm. 2.",
            "Das gilt insb. Kunden, z.T. Firmen, entspr. Regel 4 und allg. Recht.",
            "Der ehem. Chef zahlt monatl. 5 Euro, jährl. 60 Euro, tägl. 2 Cent.",
            "Es dauert 2 Std. 30 Min. 10 Sek. 5 ms.",
            "The plan, cf. Fig. 3 and No. 5, is old.",
        ];
        for text in whole {
            assert_eq!(texts(text), [text]);
        }
        assert_eq!(texts("Es dauert 2 Std. Danach ist Ruhe.").len(), 2);
        assert_eq!(texts("A gem. Everyone says no. Nobody minds.").len(), 3);
        assert_eq!(texts("one\ntwo").len(), 2);
        let records = "the first of the members: is long\nsecond: 2";
        assert_eq!(texts(records).len(), 2);
    }

    #[test]
    fn emphasis_ends_with_its_sentence() {
        assert_eq!(texts("**Wait.** Then go."), ["**Wait.**", "Then go."]);
        assert_eq!(texts("Wait. **Then go.**"), ["Wait.", "**Then go.**"]);
        let steps = "**These are the steps of the reset:**\nunplug it";
        assert_eq!(texts(steps).len(), 2);
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
