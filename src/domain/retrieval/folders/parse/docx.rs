//! Parses DOCX: the paragraphs of the main text.

use std::io::{BufReader, Cursor, Read};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::{Content, builder::SectionBuilder, to_one_line};

/// Maximum size of the main text, in bytes of XML, because a small file may inflate to any size.
const TEXT_MAX: u64 = 64 * 1024 * 1024;
/// Maximum depth of nested elements.
const MAX_DEPTH: usize = 200;
/// Prefixes of the names of heading styles, in the languages of Word.
const HEADINGS: &[&str] = &[
    "heading",
    "title",
    "berschrift",
    "überschrift",
    "titre",
    "titolo",
    "título",
    "titulo",
    "titel",
    "kop",
    "rubrik",
];

/// Parses a document.
///
/// # Errors
/// The reason for the failure, as a message.
pub(in crate::domain::retrieval::folders) fn parse_docx(bytes: &[u8]) -> Result<Content, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| format!("it is not a DOCX document: {error}"))?;
    let text = archive
        .by_name("word/document.xml")
        .map_err(|error| format!("it is not a DOCX document: {error}"))?;
    let mut text = text.take(TEXT_MAX + 1);
    let content = parse_xml(&mut text)?;
    if text.limit() == 0 {
        return Err(format!("its text has more than {TEXT_MAX} bytes of XML"));
    }
    Ok(content)
}

/// Parser state.
#[derive(Default)]
struct DocxParser {
    builder: SectionBuilder,
    paragraph: String,
    is_heading: bool,
    is_item: bool,
    /// Depth of nested tables.
    tables: usize,
    /// True within the text of a run.
    in_text: bool,
    /// Depth of nested `Fallback` elements, which only old programs show.
    fallbacks: usize,
}

fn parse_xml(xml: impl Read) -> Result<Content, String> {
    let mut reader = Reader::from_reader(BufReader::new(xml));
    let mut document = DocxParser::default();
    let mut buffer = Vec::new();
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|error| format!("its text is not XML: {error}"))? {
            Event::Start(element) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("it is nested deeper than {MAX_DEPTH} elements"));
                }
                document.open(&element);
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                document.close(element.local_name().as_ref());
            }
            Event::Empty(element) => {
                document.open(&element);
                document.close(element.local_name().as_ref());
            }
            Event::Text(text) if document.accepts_text() => document.paragraph.push_str(&text),
            Event::GeneralRef(name) if document.accepts_text() => {
                let character = name.resolve_char_ref().ok().flatten();
                match (character, name.as_ref()) {
                    (Some(character), _) => document.paragraph.push(character),
                    (None, "amp") => document.paragraph.push('&'),
                    (None, "lt") => document.paragraph.push('<'),
                    (None, "gt") => document.paragraph.push('>'),
                    (None, "quot") => document.paragraph.push('"'),
                    (None, "apos") => document.paragraph.push('\''),
                    (None, _) => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    document.end_paragraph();
    Ok(document.builder.finish())
}

impl DocxParser {
    fn accepts_text(&self) -> bool {
        self.in_text && self.fallbacks == 0
    }

    fn open(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "Fallback" => self.fallbacks += 1,
            "t" => self.in_text = true,
            "tab" => self.paragraph.push(' '),
            "br" | "cr" => self.paragraph.push('\n'),
            "numPr" => self.is_item = true,
            "pStyle" => self.is_heading = is_heading(element),
            "tbl" => self.tables += 1,
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "Fallback" => self.fallbacks = self.fallbacks.saturating_sub(1),
            "t" => self.in_text = false,
            "p" => self.end_paragraph(),
            "tc" if self.tables > 0 && !self.builder.text.ends_with('\n') => {
                self.builder.text.push_str(" | ");
            }
            "tr" => self.builder.end_line(),
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                self.builder.end_block();
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        let (is_heading, is_item) = (self.is_heading, self.is_item);
        (self.is_heading, self.is_item) = (false, false);
        if text.trim().is_empty() {
            return;
        }
        if is_heading {
            self.builder.start_section(to_one_line(&text));
            return;
        }
        if self.tables > 0 {
            self.builder.text.push_str(text.trim());
            return;
        }
        self.builder.text.push_str(text.trim());
        match is_item || text.trim_end().ends_with(':') {
            true => self.builder.end_line(),
            false => self.builder.end_block(),
        }
    }
}

fn is_heading(element: &BytesStart<'_>) -> bool {
    let mut attributes = element.attributes().filter_map(Result::ok);
    let name = attributes.find(|attribute| attribute.key.local_name().as_ref() == "val");
    name.is_some_and(|name| {
        let name = name.value.to_lowercase();
        HEADINGS.iter().any(|heading| name.starts_with(heading))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_headings_items_and_tables_are_read() {
        let xml = r#"<w:document xmlns:w="w"><w:body>
            <w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Backups</w:t></w:r></w:p>
            <w:p><w:r><w:t xml:space="preserve">They are </w:t></w:r><w:r><w:t>kept &amp; used:</w:t></w:r></w:p>
            <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>daily</w:t></w:r></w:p>
            <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>weekly</w:t><w:delText>never</w:delText></w:r></w:p>
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
            </w:body></w:document>"#;
        let content = parse_xml(xml.as_bytes()).expect("a document");
        assert_eq!(content.title.as_deref(), Some("Backups"));
        assert_eq!(
            content.sections[0].text,
            "They are kept & used:\ndaily\nweekly\na | b |\n"
        );
    }

    #[test]
    fn what_is_no_document_says_why() {
        assert!(parse_docx(b"PK\x03\x04").is_err());
        assert!(parse_xml(&b"<a><b></a>"[..]).is_err());
        let deep = "<a>".repeat(1_000);
        assert!(parse_xml(deep.as_bytes()).is_err_and(|text| text.contains("deeper than 200")));
    }
}
