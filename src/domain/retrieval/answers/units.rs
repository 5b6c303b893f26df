//! Groups sentences into units that an answer keeps together.

use std::ops::Range;

use super::sentences::{is_labelled, is_lead_in, sentences, trim_closers};

/// Maximum length of a unit of several sentences, in bytes.
const UNIT_MAX: usize = 700;
/// Maximum length of a heading, in bytes.
const HEADING_MAX: usize = 80;

/// Returns the byte ranges of the units of a text. Most units are one sentence. A sentence with a
/// final colon includes the list or sentence after it, a question its answer, a heading the
/// sentence below it, and a record (`City: London`) all of its lines.
#[must_use]
pub fn units(text: &str) -> Vec<Range<usize>> {
    let units = units_with_heads(text).into_iter();
    units.map(|unit| unit.range).collect()
}

/// A unit, and the part of it that states its topic.
pub(super) struct Unit {
    pub(super) range: Range<usize>,
    /// Lead-in of a list or question before an answer; otherwise the whole unit.
    pub(super) head: Range<usize>,
}

/// Returns the [`units`] of a text with their heads.
pub(super) fn units_with_heads(text: &str) -> Vec<Unit> {
    let sentences = sentences(text);
    let mut units = Vec::new();
    let mut rest = sentences.as_slice();
    while let Some(first) = rest.first() {
        let joined = UnitBuilder::new(text, first);
        let count = joined.count_following(&rest[1..]);
        let range = first.start..rest[count].end;
        let head = match joined.kind {
            UnitKind::LeadIn | UnitKind::Question => first.clone(),
            UnitKind::Alone | UnitKind::Record | UnitKind::Heading => range.clone(),
        };
        units.push(Unit { range, head });
        rest = &rest[count + 1..];
    }
    units
}

/// Reason why sentences follow the first one of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnitKind {
    /// No sentence follows.
    Alone,
    /// The first sentence ends with a colon.
    LeadIn,
    /// The first sentence is a question.
    Question,
    /// The first sentence is a line of a record.
    Record,
    /// The first sentence is a heading.
    Heading,
}

struct UnitBuilder<'a> {
    text: &'a str,
    first: &'a Range<usize>,
    kind: UnitKind,
}

impl<'a> UnitBuilder<'a> {
    fn new(text: &'a str, first: &'a Range<usize>) -> Self {
        let sentence = &text[first.clone()];
        let after = &text[first.end..];
        let is_whole_line = after
            .trim_start_matches([' ', '\t', '\r'])
            .starts_with('\n')
            && (first.start == 0 || text[..first.start].trim_end_matches(' ').ends_with('\n'));
        let kind = if is_lead_in(sentence) {
            UnitKind::LeadIn
        } else if is_question(sentence) {
            UnitKind::Question
        } else if is_whole_line && is_labelled(sentence) {
            UnitKind::Record
        } else if is_whole_line && sentence.len() <= HEADING_MAX && !ends_sentence(sentence) {
            UnitKind::Heading
        } else {
            UnitKind::Alone
        };
        Self { text, first, kind }
    }

    /// Returns the number of sentences after the first one that belong to the unit.
    fn count_following(&self, rest: &[Range<usize>]) -> usize {
        let mut count = 0;
        let mut end = self.first.end;
        for next in rest {
            let gap = &self.text[end..next.start];
            if !self.includes(count, end, next) {
                break;
            }
            // The first announced sentence is included at any length.
            let is_needed = count == 0 && self.kind == UnitKind::LeadIn;
            if next.end - self.first.start > UNIT_MAX && !is_needed {
                if self.kind == UnitKind::LeadIn {
                    count = self.truncate_to_item(rest, count);
                }
                break;
            }
            count += 1;
            end = next.end;
            let is_one = match self.kind {
                // The rest of the line is everything that was announced.
                UnitKind::LeadIn => count == 1 && !gap.contains('\n'),
                UnitKind::Heading => true,
                UnitKind::Alone | UnitKind::Question | UnitKind::Record => false,
            };
            if is_one {
                break;
            }
        }
        // A final lead-in announces the next unit, so it is excluded.
        while count > 0 && is_lead_in(&self.text[rest[count - 1].clone()]) {
            count -= 1;
        }
        count
    }

    /// Reduces `count` to the last sentence that ends with its line, if there is one. The sentences
    /// after it are parts of an incomplete item.
    fn truncate_to_item(&self, rest: &[Range<usize>], count: usize) -> usize {
        let ends_line = |count: &usize| {
            let gap = rest[count - 1].end..rest[*count].start;
            self.text[gap].contains('\n')
        };
        (1..=count).rev().find(ends_line).unwrap_or(count)
    }

    /// True if a sentence belongs to the unit, which has `count` sentences after the first one and
    /// ends at `end`.
    fn includes(&self, count: usize, end: usize, next: &Range<usize>) -> bool {
        let sentence = &self.text[next.clone()];
        let unit = &self.text[self.first.start..end];
        let breaks = self.text[end..next.start].matches('\n').count();
        let is_announced = count == 0 || is_lead_in(unit);
        let is_near = breaks < 2 || (is_announced && !self.starts_section(end, next));
        match self.kind {
            UnitKind::Alone => false,
            UnitKind::LeadIn => is_near,
            UnitKind::Question => is_near && !is_question(sentence),
            UnitKind::Record => breaks == 1 && is_labelled(sentence),
            UnitKind::Heading => ends_sentence(sentence),
        }
    }

    /// True if a sentence after an empty line begins a new section: a heading or, after several
    /// empty lines, anything but a list item. Code blocks are exempt, because code may contain
    /// both.
    fn starts_section(&self, end: usize, next: &Range<usize>) -> bool {
        let gap = &self.text[end..next.start];
        let sentence = &self.text[next.clone()];
        if gap.contains("```") || gap.contains("~~~") {
            return false;
        }
        is_heading(sentence) || (gap.matches('\n').count() > 2 && !is_item(sentence))
    }
}

fn is_question(sentence: &str) -> bool {
    trim_closers(sentence).ends_with(['?', '？', '؟'])
}

/// True for a Markdown heading.
fn is_heading(sentence: &str) -> bool {
    let text = sentence.trim_start_matches('#');
    (1..=6).contains(&(sentence.len() - text.len())) && text.starts_with([' ', '\t'])
}

/// True for a list item: `- one`, `1. one`, `a) one`.
fn is_item(sentence: &str) -> bool {
    let (sign, text) = sentence
        .split_once(char::is_whitespace)
        .unwrap_or((sentence, ""));
    let number = sign.trim_start_matches('(').trim_end_matches(['.', ')']);
    let is_number = number.len() < sign.len() && number.len() <= 3;
    !text.is_empty() && (is_number || ["-", "*", "+", "•", "–", "·", "|"].contains(&sign))
}

fn ends_sentence(sentence: &str) -> bool {
    trim_closers(sentence).ends_with(['.', '!', '?', '…', '。', '！', '？'])
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

    #[test]
    fn a_colon_in_emphasis_or_brackets_announces_too() {
        for lead_in in [
            "**To reset the device:**",
            "*To reset:*",
            "__To reset:__",
            "(To reset:)",
            "„Schritte:“",
            "“Steps:”",
            "**Steps**:",
        ] {
            let text = format!("{lead_in}\n\n1. Unplug it\n2. Wait");
            assert_eq!(texts(&text), [&text]);
        }
        let asked = "**How long?**\n\nThirty days.";
        assert_eq!(texts(asked), [asked]);
    }

    #[test]
    fn a_lead_in_takes_no_other_chapter_and_no_other_lead_in() {
        let apart = [
            "Steps:\n\n\n# Other chapter",
            "Steps:\n\n## Other chapter",
            "Steps:\n\n\nOther chapter",
        ];
        for text in apart {
            assert_eq!(texts(text).len(), 2, "{text}");
        }
        let together = [
            "Steps:\n\n\n1. Unplug it",
            "Steps:\n\n\n- Unplug it",
            "Run:\n\n```\n# reset",
        ];
        for text in together {
            assert_eq!(texts(text), [text]);
        }
        let two = "It reads:\n- HTML\nIt writes:\n\n- CSV";
        assert_eq!(texts(two), [two]);
        assert_eq!(texts("It reads:\n- HTML\nIt writes:").len(), 2);
        assert_eq!(texts("Thanks :)\nNothing else.").len(), 1);
        assert_eq!(texts("Thanks :)\none\ntwo").len(), 3);
        assert_eq!(texts("One:\nTwo:\nThree:"), ["One:", "Two:", "Three:"]);
    }

    #[test]
    fn a_long_list_is_cut_at_an_item() {
        let items: Vec<String> = (1..40)
            .map(|number| format!("{number}. Turn the wheel. Then wait for it"))
            .collect();
        let text = format!("Follow these steps:\n\n{}", items.join("\n"));
        let first = texts(&text)[0];
        assert!((UNIT_MAX - 80..=UNIT_MAX).contains(&first.len()));
        assert!(first.ends_with("Then wait for it"), "{first}");
        let long = format!("{}:\n{}.", "Steps ".repeat(30), "word ".repeat(200));
        assert!(texts(&long)[0].len() > UNIT_MAX);
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
