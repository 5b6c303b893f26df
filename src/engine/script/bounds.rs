//! Limits on the length and the nesting of a script, checked before compilation: the compiler recurses as deep as a
//! script is nested.
//!
//! The check scans the text without a parser. It counts nested brackets, and consecutive operators within one
//! statement, because they make a tree as deep as their number.

/// Maximum length of a source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 16 * 1024;
/// Maximum nesting depth of brackets.
pub const MAX_DEPTH: usize = 50;
/// Maximum number of operators of one statement, at one level of brackets.
pub const MAX_OPERATORS: usize = 500;

/// The limit that a script exceeds. The texts are for the script's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExceededLimit {
    /// The script is too long.
    #[error("the script has {0} bytes, and at most {MAX_SOURCE_BYTES} are allowed")]
    Length(usize),
    /// Brackets are nested too deeply.
    #[error("the script nests brackets more than {MAX_DEPTH} deep")]
    Depth,
    /// A statement has too many operators.
    #[error("a statement of the script has more than {MAX_OPERATORS} operators")]
    Operators,
}

/// Checks that a source is short and shallow enough to be compiled.
///
/// # Errors
/// [`ExceededLimit`] with the first limit that the source exceeds.
pub fn check(source: &str) -> Result<(), ExceededLimit> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err(ExceededLimit::Length(source.len()));
    }
    let bytes = source.as_bytes();
    // Number of operators at each open level of brackets, the outermost first.
    let mut levels = vec![0_usize];
    let mut at = 0;
    // The last byte that is not whitespace.
    let mut before = b'\n';
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'#' => at = skip_to_end(bytes, at, b'\n'),
            b'"' => at = skip_to_end(bytes, at, b'"'),
            // String literals with a prefix: s'…', r'…' and t'…'.
            b'\'' if before.is_ascii_alphanumeric() => at = skip_to_end(bytes, at, b'\''),
            b'(' | b'[' | b'{' => {
                levels.push(0);
                if levels.len() > MAX_DEPTH + 1 {
                    return Err(ExceededLimit::Depth);
                }
            }
            b')' | b']' | b'}' if levels.len() > 1 => drop(levels.pop()),
            b';' => set_operators(&mut levels, 0),
            b'\n' => {
                while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                // A line break ends a statement, unless an operator is before or after it.
                let after = bytes.get(at).copied().unwrap_or(b'\n');
                if !is_joining_operator(before) && !is_joining_operator(after) {
                    set_operators(&mut levels, 0);
                }
            }
            operator if operator == b'.' || is_joining_operator(operator) => {
                let operators = levels.last().copied().unwrap_or(0) + 1;
                if operators > MAX_OPERATORS {
                    return Err(ExceededLimit::Operators);
                }
                set_operators(&mut levels, operators);
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    Ok(())
}

/// True for a byte of an operator that continues a statement across a line break.
fn is_joining_operator(byte: u8) -> bool {
    b"!-+*/|&=<>?%".contains(&byte)
}

fn set_operators(levels: &mut [usize], operators: usize) {
    if let Some(last) = levels.last_mut() {
        *last = operators;
    }
}

/// Returns the index after the next byte that ends a string literal or a comment.
fn skip_to_end(bytes: &[u8], mut at: usize, end: u8) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at += if byte == b'\\' && end != b'\n' { 2 } else { 1 };
        if byte == end {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_scripts_pass() {
        for source in [
            "body = parse_json!(.body)\nto_string!(body.organizationId)",
            "if starts_with!(state, \"wh_\") { split(state, \"_\")[1] } else { null }",
            "# ((((((\n\"((((\\\"(((\"; s'[[[['\n.a = r'\\d((('",
        ] {
            assert_eq!(check(source), Ok(()), "{source}");
        }
        let many = ".a = 1 + 2\n".repeat(1_000);
        assert_eq!(check(&many), Ok(()));
    }

    #[test]
    fn what_is_long_or_deep_does_not() {
        let over = MAX_SOURCE_BYTES + 1;
        assert_eq!(check(&" ".repeat(over)), Err(ExceededLimit::Length(over)));
        for bracket in ["(", "[", "{"] {
            assert_eq!(check(&bracket.repeat(51)), Err(ExceededLimit::Depth));
        }
        for chain in ["!", "1 + ", "1 +\n", ".a", "a | ", "-"] {
            assert_eq!(
                check(&chain.repeat(600)),
                Err(ExceededLimit::Operators),
                "{chain}"
            );
        }
        assert_eq!(check(&"\"x\" ((".repeat(30)), Err(ExceededLimit::Depth));
    }

    proptest! {
        #[test]
        fn any_text_is_counted(source in "[(){}\\[\\]\"'#\\\\srt.!+a1\n; é]{0,400}") {
            // The check must return for any text.
            let _ = check(&source);
        }
    }
}
