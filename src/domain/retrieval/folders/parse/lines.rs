//! Joins the lines of hard-wrapped plain text.

/// Common widths of hard-wrapped text, in characters.
const WRAP_WIDTHS: std::ops::RangeInclusive<usize> = 45..=120;

/// Joins the lines of each hard-wrapped paragraph, so that its sentences are complete.
pub(super) fn join_wrapped_lines(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut paragraph: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            push_paragraph(&mut whole, &paragraph);
            paragraph.clear();
            whole.push('\n');
        } else {
            paragraph.push(line);
        }
    }
    push_paragraph(&mut whole, &paragraph);
    whole
}

fn push_paragraph(whole: &mut String, paragraph: &[&str]) {
    let width = |line: &str| line.trim_end().chars().count();
    let widest = paragraph.iter().map(|line| width(line)).max();
    let widest = widest.filter(|widest| WRAP_WIDTHS.contains(widest));
    for (index, line) in paragraph.iter().enumerate() {
        let goes_on = match (widest, paragraph.get(index + 1)) {
            // A line is full if the first word of the next line does not fit into it.
            (Some(widest), Some(next)) => {
                let word = next.split_whitespace().next().unwrap_or_default();
                let is_full = width(line) + 1 + word.chars().count() > widest;
                is_full && !begins_item(next) && !line.trim_end().ends_with(':')
            }
            _ => false,
        };
        whole.push_str(match index {
            0 => line.trim_end(),
            _ => line.trim(),
        });
        whole.push(if goes_on { ' ' } else { '\n' });
    }
}

/// True for a line that begins a list item, a heading, a table row or a ruled line.
fn begins_item(line: &str) -> bool {
    let line = line.trim_start();
    let word = line.split_whitespace().next().unwrap_or_default();
    let is_number = word
        .strip_suffix(['.', ')'])
        .is_some_and(|number| number.len() <= 3 && number.chars().all(char::is_alphanumeric));
    is_number || line.starts_with(['-', '*', '+', '•', '–', '#', '|', '=', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_paragraphs_are_one_line_each() {
        let text = "The backups of the museum are made every night at three and\n\
                    kept for thirty days. Nobody but the Director may delete\n\
                    Backups.\n\n- one item that is as wide as the paragraph above was before\n\
                    - two\n\nTitle\nshort\n";
        assert_eq!(
            join_wrapped_lines(text),
            "The backups of the museum are made every night at three and kept for thirty days. \
             Nobody but the Director may delete Backups.\n\n\
             - one item that is as wide as the paragraph above was before\n- two\n\nTitle\nshort\n"
        );
        assert_eq!(join_wrapped_lines(""), "");
    }
}
