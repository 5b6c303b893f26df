//! Estimates token counts for answers without a model.

use unicode_segmentation::UnicodeSegmentation;

/// Number of letters per token in an ASCII word, and of characters per token in another word. These
/// values approximate the common tokenizers for English and other languages.
const ASCII_CHARS_PER_TOKEN: usize = 6;
const OTHER_CHARS_PER_TOKEN: usize = 3;

/// Estimates the number of tokens in a text.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    let pieces = text
        .split_word_bounds()
        .filter(|piece| !piece.trim().is_empty());
    let counts = pieces.map(|piece| match piece.is_ascii() {
        true => piece.len().div_ceil(ASCII_CHARS_PER_TOKEN),
        false => piece.chars().count().div_ceil(OTHER_CHARS_PER_TOKEN),
    });
    counts.sum::<usize>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_about_as_many_tokens_as_words_and_signs() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("How long are backups kept?"), 7);
        assert_eq!(estimate_tokens("数据库"), 3);
        assert_eq!(estimate_tokens("Datensicherung läuft"), 5);
    }
}
