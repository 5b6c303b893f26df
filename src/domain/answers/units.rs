//! What is told together: sentences that are nothing without the next one.

use std::ops::Range;

use super::sentences::{is_labelled, sentences};

/// The longest unit of several sentences, in bytes.
const UNIT_MAX: usize = 700;
/// The longest line that is taken for a heading, in bytes.
const HEADING_MAX: usize = 80;

/// Where the units of a text are, in bytes. Most are a sentence. One that ends with a colon has the list or
/// the sentence after it, a question its answer, a heading the sentence below it, and the lines of a record
/// (`City: London`) are together.
#[must_use]
pub fn units(text: &str) -> Vec<Range<usize>> {
    let sentences = sentences(text);
    let mut units = Vec::new();
    let mut rest = sentences.as_slice();
    while let Some(first) = rest.first() {
        let count = Joined::of(text, first).count(&rest[1..]);
        units.push(first.start..rest[count].end);
        rest = &rest[count + 1..];
    }
    units
}

/// Why sentences follow the first one of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing follows.
    Alone,
    /// It ends with a colon.
    LeadIn,
    /// It is a question.
    Question,
    /// It is the line of a record.
    Record,
    /// It is a heading.
    Heading,
}

struct Joined<'a> {
    text: &'a str,
    first: &'a Range<usize>,
    kind: Kind,
}

impl<'a> Joined<'a> {
    fn of(text: &'a str, first: &'a Range<usize>) -> Self {
        let sentence = &text[first.clone()];
        let after = &text[first.end..];
        let is_whole_line = after
            .trim_start_matches([' ', '\t', '\r'])
            .starts_with('\n')
            && (first.start == 0 || text[..first.start].trim_end_matches(' ').ends_with('\n'));
        let kind = if sentence.ends_with([':', '：']) {
            Kind::LeadIn
        } else if sentence.ends_with(['?', '？', '؟']) {
            Kind::Question
        } else if is_whole_line && is_labelled(sentence) {
            Kind::Record
        } else if is_whole_line && sentence.len() <= HEADING_MAX && !ends(sentence) {
            Kind::Heading
        } else {
            Kind::Alone
        };
        Self { text, first, kind }
    }

    /// How many of the sentences after the first one belong to it.
    fn count(&self, rest: &[Range<usize>]) -> usize {
        let mut count = 0;
        let mut end = self.first.end;
        for next in rest {
            let gap = &self.text[end..next.start];
            if next.end - self.first.start > UNIT_MAX || !self.takes(count, gap, next) {
                break;
            }
            count += 1;
            end = next.end;
            let is_one = match self.kind {
                // What follows in the same line is all that was announced.
                Kind::LeadIn => count == 1 && !gap.contains('\n'),
                Kind::Heading => true,
                Kind::Alone | Kind::Question | Kind::Record => false,
            };
            if is_one {
                break;
            }
        }
        count
    }

    /// True if a sentence belongs to the unit, which has `count` after the first one.
    fn takes(&self, count: usize, gap: &str, next: &Range<usize>) -> bool {
        let sentence = &self.text[next.clone()];
        let breaks = gap.matches('\n').count();
        match self.kind {
            Kind::Alone => false,
            Kind::LeadIn => breaks < 2 || count == 0,
            Kind::Question => (breaks < 2 || count == 0) && !sentence.ends_with(['?', '？', '؟']),
            Kind::Record => breaks == 1 && is_labelled(sentence),
            Kind::Heading => ends(sentence),
        }
    }
}

fn ends(sentence: &str) -> bool {
    sentence.ends_with(['.', '!', '?', '…', '。', '！', '？'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        units(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn what_is_announced_comes_along() {
        assert_eq!(
            texts("It reads:\n- Markdown\n- HTML\n\nNothing else. It is fast."),
            [
                "It reads:\n- Markdown\n- HTML",
                "Nothing else.",
                "It is fast."
            ]
        );
        assert_eq!(
            texts("Three things:\n\none\ntwo\n\nThe end."),
            ["Three things:\n\none\ntwo", "The end."]
        );
        assert_eq!(
            texts("How long? They are kept for 30 days. Then they go.\n\nWhy? Space."),
            [
                "How long? They are kept for 30 days. Then they go.",
                "Why? Space."
            ]
        );
        assert_eq!(
            texts("Name: Ada\nCity: London\n\nName: Bob\nCity: Rome"),
            ["Name: Ada\nCity: London", "Name: Bob\nCity: Rome"]
        );
        assert_eq!(
            texts("Opening hours\nWe are open from nine.\nOn Sundays we are not."),
            [
                "Opening hours\nWe are open from nine.",
                "On Sundays we are not."
            ]
        );
        assert_eq!(texts("one\ntwo\nthree"), ["one", "two", "three"]);
        assert_eq!(texts("Nothing follows:"), ["Nothing follows:"]);
    }

    proptest! {
        #[test]
        fn units_are_all_sentences_in_their_order(text in "([a-zA-Z:?.]{0,9}[ \n]{0,2}){0,80}") {
            let units = units(&text);
            let sentences = sentences(&text);
            let mut end = 0;
            for unit in &units {
                prop_assert!(unit.start >= end && unit.end > unit.start);
                end = unit.end;
            }
            for sentence in sentences {
                let holds = |unit: &&Range<usize>| unit.start <= sentence.start && sentence.end <= unit.end;
                prop_assert_eq!(units.iter().filter(holds).count(), 1);
            }
        }
    }
}
