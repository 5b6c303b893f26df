//! Fonts: the characters and the widths of codes (ISO 32000-1 §9.6 to §9.7).

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Encoding, Object};

/// Maximum number of codes with a width of their own.
const MAX_WIDTHS: usize = 1 << 16;
/// Width of a code without a known one, relative to the size of the font.
const USUAL_WIDTH: f32 = 0.5;

/// A font.
pub(super) struct Font<'document> {
    encoding: Encoding<'document>,
    /// True for codes of two bytes.
    is_wide: bool,
    /// Widths relative to the size of the font.
    widths: HashMap<u16, f32>,
    default_width: f32,
}

impl<'document> Font<'document> {
    /// Reads a font; `None` if its codes have no known characters. `max` is the maximum size of a stream, in bytes.
    pub(super) fn read(
        document: &'document Document,
        font: &'document Dictionary,
        max: usize,
    ) -> Option<Self> {
        let is_wide = matches!(font.get(b"Subtype"), Ok(Object::Name(name)) if name == b"Type0");
        let mut read = Self {
            encoding: font.get_font_encoding_with_limit(document, max).ok()?,
            is_wide,
            widths: HashMap::new(),
            default_width: USUAL_WIDTH,
        };
        match is_wide {
            true => read.read_wide_widths(document, font),
            false => read.read_widths(document, font),
        };
        Some(read)
    }

    fn read_widths(&mut self, document: &Document, font: &Dictionary) -> Option<()> {
        let first = resolve(document, font.get(b"FirstChar").ok()?)?;
        let first = u16::try_from(first.as_i64().ok()?).ok()?;
        let widths = resolve(document, font.get(b"Widths").ok()?)?;
        for (code, width) in (first..).zip(widths.as_array().ok()?) {
            self.insert(code, resolve(document, width)?)?;
        }
        Some(())
    }

    fn read_wide_widths(&mut self, document: &Document, font: &Dictionary) -> Option<()> {
        let descendants = resolve(document, font.get(b"DescendantFonts").ok()?)?;
        let font = resolve(document, descendants.as_array().ok()?.first()?)?;
        let font = font.as_dict().ok()?;
        self.default_width = match font.get(b"DW").and_then(Object::as_float) {
            Ok(width) => width / 1000.0,
            Err(_) => 1.0,
        };
        // Either a code and the widths from it on, or the first and the last code of one width.
        let widths = resolve(document, font.get(b"W").ok()?)?;
        let mut entries = widths.as_array().ok()?.iter();
        while let Some(first) = entries.next() {
            let first = u16::try_from(first.as_i64().ok()?).ok()?;
            match resolve(document, entries.next()?)? {
                Object::Array(widths) => {
                    for (code, width) in (first..).zip(widths) {
                        self.insert(code, width)?;
                    }
                }
                last => {
                    let last = u16::try_from(last.as_i64().ok()?).ok()?;
                    let width = entries.next()?;
                    for code in first..=last {
                        self.insert(code, width)?;
                    }
                }
            }
        }
        Some(())
    }

    /// Inserts a width; `None` if it is no number, or if there are too many.
    fn insert(&mut self, code: u16, width: &Object) -> Option<()> {
        let width = width.as_float().ok()? / 1000.0;
        (self.widths.len() < MAX_WIDTHS).then_some(())?;
        self.widths.entry(code).or_insert(width);
        Some(())
    }

    /// Appends the characters of a string. A string of unknown characters is left out.
    pub(super) fn write_text(&self, bytes: &[u8], text: &mut String) {
        let before = text.len();
        if self.encoding.write_to_string(bytes, text).is_err() {
            text.truncate(before);
        }
    }

    /// Returns the codes of a string with their widths.
    pub(super) fn codes(&self, bytes: &[u8]) -> impl Iterator<Item = (u16, f32)> {
        let size = if self.is_wide { 2 } else { 1 };
        bytes.chunks(size).map(|code| {
            let code = code
                .iter()
                .fold(0, |code, byte| code << 8 | u16::from(*byte));
            let width = self.widths.get(&code).copied();
            (code, width.unwrap_or(self.default_width))
        })
    }
}

fn resolve<'document>(
    document: &'document Document,
    object: &'document Object,
) -> Option<&'document Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}
