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
        print(self.showing());
    }

    /// Erases the prompt, so that other output can use its line.
    pub fn clear(&mut self) {
        print(self.clearing());
    }

    /// Records that the user typed a line after the prompt, which ends that line.
    pub const fn answered(&mut self) {
        self.is_shown = false;
    }

    const fn showing(&mut self) -> &'static str {
        if !self.is_terminal || self.is_shown {
            return "";
        }
        self.is_shown = true;
        PROMPT
    }

    const fn clearing(&mut self) -> &'static str {
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
        assert_eq!((prompt.showing(), prompt.showing()), (PROMPT, ""));
        assert_eq!((prompt.clearing(), prompt.clearing()), (ERASE, ""));
        assert_eq!(prompt.showing(), PROMPT);
        prompt.answered();
        assert_eq!((prompt.clearing(), prompt.showing()), ("", PROMPT));
        let mut none = Prompt::new(false);
        assert_eq!((none.showing(), none.clearing()), ("", ""));
    }
}
