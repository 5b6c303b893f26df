//! The prompt of a chat in a terminal. It appears once, below all other output.

use std::io::{self, Write};

const PROMPT: &str = "> ";
/// Erases the prompt.
const ERASE: &str = "\r  \r";

/// A prompt.
pub struct Prompt {
    is_terminal: bool,
    is_shown: bool,
}

impl Prompt {
    pub const fn new(is_terminal: bool) -> Self {
        Self {
            is_terminal,
            is_shown: false,
        }
    }

    /// Shows the prompt, unless it is visible.
    pub fn show(&mut self) {
        print(self.text_to_show());
    }

    /// Erases the prompt, so that other output can use its line.
    pub fn clear(&mut self) {
        print(self.text_to_clear());
    }

    /// Records that the user typed a line after the prompt, which ends that line.
    pub const fn line_entered(&mut self) {
        self.is_shown = false;
    }

    const fn text_to_show(&mut self) -> &'static str {
        if !self.is_terminal || self.is_shown {
            return "";
        }
        self.is_shown = true;
        PROMPT
    }

    const fn text_to_clear(&mut self) -> &'static str {
        if !self.is_shown {
            return "";
        }
        self.is_shown = false;
        ERASE
    }
}

fn print(text: &str) {
    let mut out = io::stderr().lock();
    // If standard error is closed, nobody types either.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_once() {
        let mut prompt = Prompt::new(true);
        assert_eq!((prompt.text_to_show(), prompt.text_to_show()), (PROMPT, ""));
        assert_eq!(
            (prompt.text_to_clear(), prompt.text_to_clear()),
            (ERASE, "")
        );
        assert_eq!(prompt.text_to_show(), PROMPT);
        prompt.line_entered();
        assert_eq!(
            (prompt.text_to_clear(), prompt.text_to_show()),
            ("", PROMPT)
        );
        let mut none = Prompt::new(false);
        assert_eq!((none.text_to_show(), none.text_to_clear()), ("", ""));
    }
}
