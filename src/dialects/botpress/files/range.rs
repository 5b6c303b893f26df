//! One range of bytes (RFC 9110 §14).

/// Range of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// All bytes: the request has no range, or one that a server may ignore.
    Whole,
    /// The bytes from the first up to the second number.
    Part(u64, u64),
    /// There are no such bytes.
    Unsatisfiable,
}

/// Parses the header `Range` for a file of this size. Several ranges, other units and malformed ranges count as none.
pub fn parse_range(header: Option<&str>, size: u64) -> ByteRange {
    let parts = header
        .and_then(|header| header.strip_prefix("bytes="))
        .and_then(|range| range.trim().split_once('-'));
    let Some((first, last)) = parts else {
        return ByteRange::Whole;
    };
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u64>().ok(),
        false => None,
    };
    let range = match (first, last) {
        ("", last) => number(last).map(|count| (size.saturating_sub(count), size)),
        (first, "") => number(first).map(|first| (first, size)),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => {
                Some((first, last.saturating_add(1).min(size)))
            }
            _ => None,
        },
    };
    match range {
        None => ByteRange::Whole,
        Some((first, end)) if first < end => ByteRange::Part(first, end),
        Some(_) => ByteRange::Unsatisfiable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read() {
        for (header, expected) in [
            (None, ByteRange::Whole),
            (Some("bytes=0-0"), ByteRange::Part(0, 1)),
            (Some("bytes=2-"), ByteRange::Part(2, 10)),
            (Some("bytes=2-100"), ByteRange::Part(2, 10)),
            (Some("bytes=-3"), ByteRange::Part(7, 10)),
            (Some("bytes=-30"), ByteRange::Part(0, 10)),
            (Some("bytes=10-"), ByteRange::Unsatisfiable),
            (Some("bytes=-0"), ByteRange::Unsatisfiable),
            (Some("bytes=5-2"), ByteRange::Whole),
            (Some("bytes=0-1,3-4"), ByteRange::Whole),
            (Some("bytes=-"), ByteRange::Whole),
            (Some("bytes=+1-2"), ByteRange::Whole),
            (Some("lines=1-2"), ByteRange::Whole),
        ] {
            assert_eq!(parse_range(header, 10), expected, "{header:?}");
        }
    }
}
