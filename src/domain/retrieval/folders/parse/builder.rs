//! Builds the sections of a parsed file.

use super::{Content, Section};

/// Builder of sections, fed with headings and text in their order.
#[derive(Default)]
pub(super) struct SectionBuilder {
    pub(super) content: Content,
    heading: Option<String>,
    pub(super) text: String,
}

impl SectionBuilder {
    pub(super) fn start_section(&mut self, heading: String) {
        self.end_section();
        if !heading.is_empty() {
            self.content.title.get_or_insert_with(|| heading.clone());
            self.heading = Some(heading);
        }
    }

    pub(super) fn end_section(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            text.truncate(text.trim_end().len());
            text.push('\n');
            let heading = self.heading.clone();
            self.content.sections.push(Section {
                heading,
                text,
                page: None,
            });
        }
    }

    /// Ends the current line, unless it is empty.
    pub(super) fn end_line(&mut self) {
        let end = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(end);
        if end > 0 && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Ends a paragraph, a list or a table with an empty line, which marks its end in the text.
    pub(super) fn end_block(&mut self) {
        self.end_line();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub(super) fn finish(mut self) -> Content {
        self.end_section();
        self.content
    }
}
