//! The memory that a parsed JSON text takes: a list of small numbers takes many times as much as its text.

use poem::Request;
use serde_json::Value;

use super::{body::INLINE_CHECK_MAX, body_memory::memory_share};
use crate::kernel::Error;

/// Memory of a member of an object beside its value, in bytes: its name and its entry in the table.
const MEMBER_BYTES: usize = 64;

/// Counts the memory of the parsed values of a large body.
///
/// # Errors
/// `TooLarge` if this body alone takes more memory than all bodies may, `Unavailable` if all together do.
pub(super) fn count_values(request: &Request, body: &[u8]) -> Result<(), Error> {
    if body.len() <= INLINE_CHECK_MAX {
        return Ok(());
    }
    memory_share(request).map_or(Ok(()), |share| share.count_extra(estimate_values(body)))
}

/// Returns the memory of the values of a JSON text, without that of long texts, in bytes.
fn estimate_values(text: &[u8]) -> usize {
    let (mut values, mut members) = (1, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' | b'{' => values += 1,
            b':' => members += 1,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    values * size_of::<Value>() + members * MEMBER_BYTES
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_and_texts_do_not() {
        let value = size_of::<Value>();
        assert_eq!(estimate_values(b"5"), value);
        assert_eq!(estimate_values(b"[1,2,3]"), 4 * value);
        assert_eq!(
            estimate_values(br#"{"a": "1,2,\",[{:", "b": null}"#),
            3 * value + 2 * MEMBER_BYTES
        );
        assert_eq!(estimate_values(br#""unterminated \"#), value);
    }
}
