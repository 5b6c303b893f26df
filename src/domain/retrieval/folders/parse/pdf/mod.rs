//! Parses PDF: the text layer of the pages. One page becomes one section.

mod font;
mod page_text;

use std::collections::HashMap;

use lopdf::{
    Dictionary, Document, LoadOptions, Object, ObjectId, content::Content as Operations,
    decode_text_string,
};

use self::{font::Font, page_text::PageText};
use super::{Content, Section, join_wrapped_lines, to_one_line};

/// Maximum size of one stream, in bytes, because a small file may inflate to any size.
const STREAM_MAX: usize = 64 * 1024 * 1024;
/// Maximum size of the text of all pages, in bytes. Pages may share their content, so a small file may have any text.
const TEXT_MAX: usize = 16 * 1024 * 1024;

/// Parses a document.
///
/// # Errors
/// The reason for the failure, as a message.
pub(in crate::domain::retrieval::folders) fn parse_pdf(bytes: &[u8]) -> Result<Content, String> {
    let options = LoadOptions::with_max_decompressed_size(STREAM_MAX);
    let document = Document::load_mem_with_options(bytes, options)
        .map_err(|error| format!("it is not a PDF document: {error}"))?;
    if document.is_encrypted() {
        return Err("it is a PDF document that needs a password".to_owned());
    }
    let mut fonts = Fonts::new();
    let mut content = Content {
        title: find_title(&document),
        sections: Vec::new(),
    };
    let mut size = 0;
    for (number, page) in (1..).zip(document.page_iter()) {
        let text = read_page(&document, page, &mut fonts)?;
        size += text.len();
        if size > TEXT_MAX {
            return Err(format!("its pages have more than {TEXT_MAX} bytes of text"));
        }
        if !text.trim().is_empty() {
            content.sections.push(Section {
                heading: None,
                text: join_wrapped_lines(&text),
                page: Some(number),
            });
        }
    }
    match content.sections.is_empty() {
        true => Err("it is a PDF document without a text layer".to_owned()),
        false => Ok(content),
    }
}

/// Fonts by their place in memory; none for a font whose codes have no known characters. Pages share fonts, and reading
/// one is slow.
type Fonts<'document> = HashMap<*const Dictionary, Option<Font<'document>>>;

fn read_page<'document>(
    document: &'document Document,
    page: ObjectId,
    fonts: &mut Fonts<'document>,
) -> Result<String, String> {
    let unreadable = |error: lopdf::Error| format!("a page cannot be read: {error}");
    let content = document.get_page_content_with_limit(page, STREAM_MAX);
    let content = content.map_err(unreadable)?;
    let page_fonts = document.get_page_fonts(page).unwrap_or_default();
    for font in page_fonts.values() {
        let known = fonts.entry(std::ptr::from_ref(*font));
        known.or_insert_with(|| Font::read(document, font, STREAM_MAX));
    }
    let find_font = |name: &[u8]| {
        let font = page_fonts.get(name)?;
        fonts.get(&std::ptr::from_ref(*font))?.as_ref()
    };
    let mut text = PageText::default();
    // A damaged page has the text before its first error.
    for operation in Operations::decode_iter(&content).map_while(Result::ok) {
        text.apply(&operation, &find_font);
        if text.len() > TEXT_MAX {
            return Err(format!("a page has more than {TEXT_MAX} bytes of text"));
        }
    }
    Ok(text.finish())
}

fn find_title(document: &Document) -> Option<String> {
    let information = document.trailer.get(b"Info").ok()?;
    let (_, information) = document.dereference(information).ok()?;
    let title = information.as_dict().ok()?.get(b"Title").ok()?;
    let (_, title) = document.dereference(title).ok()?;
    let title = match title {
        Object::String(..) => decode_text_string(title).ok()?,
        _ => return None,
    };
    let title: String = to_one_line(&title).chars().take(200).collect();
    Some(title).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests;
