//! Builds the text of a page from its operations (ISO 32000-1 §9.4). The positions of the shown strings tell the lines,
//! the paragraphs and, if a program does not write spaces, the words.

use lopdf::{Object, content::Operation};
use unicode_normalization::UnicodeNormalization;

use super::font::Font;

/// Maximum number of saved graphics states.
const MAX_SAVED: usize = 1_000;
/// Move across the line that begins a new line, and one that begins a new paragraph, relative to the size of the font.
const LINE_MOVE: f32 = 0.5;
const PARAGRAPH_MOVE: f32 = 1.7;
/// Gap between two strings that is a space, relative to the size of the font.
const SPACE_GAP: f32 = 0.16;

/// A transformation: `a b c d e f`.
type Matrix = [f32; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// Returns the transformation that applies `first`, then `second`.
fn multiply(first: &Matrix, second: &Matrix) -> Matrix {
    let [a, b, c, d, e, f] = *first;
    let [g, h, i, j, k, l] = *second;
    [
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + l,
    ]
}

/// Text of a page, and the state of its operations.
pub(super) struct PageText<'font> {
    text: String,
    font: Option<&'font Font<'font>>,
    font_size: f32,
    character_spacing: f32,
    word_spacing: f32,
    leading: f32,
    transformation: Matrix,
    saved: Vec<Matrix>,
    /// Start of the line, in the coordinates of the text.
    line: Matrix,
    /// Start of the last strings, and their width.
    shown: Option<(Matrix, f32)>,
    /// True if the position changed since the last string.
    has_moved: bool,
}

impl Default for PageText<'_> {
    fn default() -> Self {
        Self {
            text: String::new(),
            font: None,
            font_size: 1.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            leading: 0.0,
            transformation: IDENTITY,
            saved: Vec::new(),
            line: IDENTITY,
            shown: None,
            has_moved: false,
        }
    }
}

impl<'font> PageText<'font> {
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn finish(self) -> String {
        // Fonts may map codes to characters without a meaning, and SQLite's text ends at the first zero.
        let characters = self.text.chars();
        let kept = characters
            .filter(|character| matches!(character, '\n' | '\t') || !character.is_control());
        let mut text = String::with_capacity(self.text.len());
        for character in kept {
            match character {
                // Ligatures would hide words from a search.
                '\u{fb00}'..='\u{fb06}' => text.extend(character.nfkc()),
                other => text.push(other),
            }
        }
        text
    }

    /// Applies an operation. Operations with wrong operands have no effect.
    pub(super) fn apply(
        &mut self,
        operation: &Operation,
        find_font: &impl Fn(&[u8]) -> Option<&'font Font<'font>>,
    ) {
        let operands = operation.operands.as_slice();
        match operation.operator.as_str() {
            "q" if self.saved.len() < MAX_SAVED => self.saved.push(self.transformation),
            "Q" => {
                if let Some(saved) = self.saved.pop() {
                    self.transformation = saved;
                }
            }
            "cm" => {
                if let Some(matrix) = numbers(operands) {
                    self.transformation = multiply(&matrix, &self.transformation);
                }
            }
            "BT" => self.set_line(IDENTITY),
            "Tf" => {
                if let [Object::Name(name), size] = operands {
                    self.font = find_font(name);
                    self.font_size = size.as_float().unwrap_or(1.0);
                }
            }
            "TL" | "Tc" | "Tw" => {
                if let Some([value]) = numbers(operands) {
                    *match operation.operator.as_str() {
                        "TL" => &mut self.leading,
                        "Tc" => &mut self.character_spacing,
                        _ => &mut self.word_spacing,
                    } = value;
                }
            }
            "Td" | "TD" => {
                if let Some([x, y]) = numbers(operands) {
                    if operation.operator == "TD" {
                        self.leading = -y;
                    }
                    self.move_line(x, y);
                }
            }
            "Tm" => {
                if let Some(matrix) = numbers(operands) {
                    self.set_line(matrix);
                }
            }
            "T*" => self.move_line(0.0, -self.leading),
            "Tj" => self.show(operands),
            "TJ" => {
                if let [Object::Array(parts)] = operands {
                    self.show(parts);
                }
            }
            "'" => {
                self.move_line(0.0, -self.leading);
                self.show(operands);
            }
            "\"" => {
                self.move_line(0.0, -self.leading);
                self.show(operands.get(2..).unwrap_or_default());
            }
            _ => {}
        }
    }

    fn set_line(&mut self, matrix: Matrix) {
        self.line = matrix;
        self.has_moved = true;
    }

    fn move_line(&mut self, x: f32, y: f32) {
        self.set_line(multiply(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line));
    }

    /// Shows strings, with the gaps between them.
    fn show(&mut self, parts: &[Object]) {
        let Some(font) = self.font else {
            return;
        };
        if self.has_moved {
            self.separate();
        }
        let mut width = 0.0;
        for part in parts {
            match part {
                Object::String(bytes, _) => {
                    font.write_text(bytes, &mut self.text);
                    for (code, glyph_width) in font.codes(bytes) {
                        width += glyph_width * self.font_size + self.character_spacing;
                        if code == u16::from(b' ') {
                            width += self.word_spacing;
                        }
                    }
                }
                gap => {
                    let gap = gap.as_float().map_or(0.0, |gap| -gap / 1000.0);
                    width += gap * self.font_size;
                    if gap > SPACE_GAP {
                        self.push_space();
                    }
                }
            }
        }
        match &mut self.shown {
            Some((_, shown)) if !self.has_moved => *shown += width,
            shown => *shown = Some((multiply(&self.line, &self.transformation), width)),
        }
        self.has_moved = false;
    }

    /// Separates the next string from the last one by its position.
    fn separate(&mut self) {
        let Some((last, width)) = self.shown else {
            return;
        };
        let next = multiply(&self.line, &self.transformation);
        let length = last[0].hypot(last[1]);
        let size = self.font_size.abs() * length;
        let (x, y) = (next[4] - last[4], next[5] - last[5]);
        // Along the last line from the end of the last string, and across the line.
        let gap = ((x * last[0] + y * last[1]) / length - width * length) / size;
        let across = (y * last[0] - x * last[1]).abs() / length / size;
        // Without a size (NaN, infinite), each string is a line.
        if across < LINE_MOVE {
            // A move back is a column or a table, unless it is a kerning.
            if !(-1.0..=SPACE_GAP).contains(&gap) {
                self.push_space();
            }
            return;
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        if across > PARAGRAPH_MOVE && !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn push_space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }
}

/// Returns operands that are all numbers.
fn numbers<const COUNT: usize>(operands: &[Object]) -> Option<[f32; COUNT]> {
    let mut found = [0.0; COUNT];
    if operands.len() != COUNT {
        return None;
    }
    for (number, operand) in found.iter_mut().zip(operands) {
        *number = operand.as_float().ok()?;
    }
    Some(found)
}
