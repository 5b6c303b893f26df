//! Exceptions thrown by code: their text, and the stack frames that lie in the bundle.

use std::fmt;

use super::error::truncate_text;

/// File name of the bundle in stacks, in both engines.
pub(super) const BUNDLE_FILE: &str = "bundle.js";

/// Maximum number of frames that are kept of a stack, and maximum length of each, in bytes.
const MAX_FRAMES: usize = 20;
const MAX_FRAME_BYTES: usize = 300;

/// Maximum length of a stack text that is read, in bytes.
const MAX_STACK_BYTES: usize = 64 * 1024;

/// An exception that code threw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Name and message: `TypeError: x is not a function`.
    pub text: String,
    /// Stack frames that lie in the bundle, one per line: `    at onMessage (src/index.ts:12:7)`.
    pub stack: Option<String>,
}

impl Exception {
    /// Creates an exception from the text and the stack that an engine reports.
    pub(super) fn new(text: String, stack: &str) -> Self {
        Self {
            text: truncate_text(text),
            stack: extract_bundle_frames(stack),
        }
    }
}

/// Returns the text with the stack below it.
pub(crate) fn append_stack(text: &str, stack: Option<&str>) -> String {
    match stack {
        Some(stack) => format!("{text}\n{stack}"),
        None => text.to_owned(),
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the frames of a stack that lie in the bundle.
fn extract_bundle_frames(stack: &str) -> Option<String> {
    let stack = &stack[..stack.floor_char_boundary(MAX_STACK_BYTES)];
    // For a bundle that does not parse, Node.js reports only its position, on the first line.
    let position_only = stack.lines().next().and_then(|line| {
        let line = line.strip_prefix('/')?.strip_prefix(BUNDLE_FILE)?;
        let line: u32 = line.strip_prefix(':')?.parse().ok()?;
        Some(format!("at {BUNDLE_FILE}:{line}:1"))
    });
    let in_bundle = |line: &&str| line.contains(BUNDLE_FILE);
    let frames = stack.lines().filter(in_bundle).filter_map(parse_frame);
    format_frames(position_only.into_iter().chain(frames))
}

/// Returns the frames of a stack from code that runs elsewhere.
pub(crate) fn extract_frames(stack: &str) -> Option<String> {
    let stack = &stack[..stack.floor_char_boundary(MAX_STACK_BYTES)];
    format_frames(stack.lines().filter_map(parse_frame))
}

/// Returns a line of a stack as a frame, or `None` if it is not a frame.
fn parse_frame(line: &str) -> Option<String> {
    let line = line.trim();
    let rest = line.strip_prefix("at ")?;
    let rest = match rest.strip_prefix("<anonymous> (") {
        Some(place) => place.strip_suffix(')').unwrap_or(place),
        None => rest,
    };
    // The position is at the end, so a long line loses its start.
    let rest = &rest[rest.ceil_char_boundary(rest.len().saturating_sub(MAX_FRAME_BYTES))..];
    let frame = format!("at {rest}").replace(&format!("/{BUNDLE_FILE}"), BUNDLE_FILE);
    Some(
        frame
            .chars()
            .filter(|letter| !letter.is_control())
            .collect(),
    )
}

fn format_frames(frames: impl Iterator<Item = String>) -> Option<String> {
    let frames = frames.take(MAX_FRAMES).map(|frame| format!("    {frame}"));
    let frames: Vec<String> = frames.collect();
    (!frames.is_empty()).then(|| frames.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_of_the_bundle_are_kept() {
        let quickjs = "    at inner (bundle.js:1:20)\n    at <anonymous> (bundle.js:3:4)\n    \
                       at call (node:internal:148:9)\n    at then (native)\n";
        let node = "TypeError: no\n    at inner (/bundle.js:1:20)\n    at /bundle.js:3:4\n    \
                    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)";
        let expected = "    at inner (bundle.js:1:20)\n    at bundle.js:3:4";
        for stack in [quickjs, node] {
            assert_eq!(extract_bundle_frames(stack).as_deref(), Some(expected));
        }
        let position_only = "/bundle.js:7\n  let let\n      ^^^\n\nSyntaxError: no";
        let expected = Some("    at bundle.js:7:1".to_owned());
        assert_eq!(extract_bundle_frames(position_only), expected);
        assert_eq!(extract_bundle_frames("at elsewhere (x.js:1:1)"), None);
        assert_eq!(extract_bundle_frames(""), None);
    }

    #[test]
    fn a_stack_is_bounded() {
        let long = format!("at {} (bundle.js:1:1)\n", "f".repeat(1000)).repeat(1000);
        let extracted = extract_bundle_frames(&long).expect("frames");
        assert!(
            extracted.len() < MAX_FRAMES * (MAX_FRAME_BYTES + 20),
            "{}",
            extracted.len()
        );
        assert!(extracted.ends_with("ff (bundle.js:1:1)"), "{extracted}");
        let many = "at f (bundle.js:1:1)\n".repeat(1000);
        let extracted = extract_bundle_frames(&many).expect("frames");
        assert_eq!(extracted.lines().count(), MAX_FRAMES);
        let steering = extract_bundle_frames("at \u{1b}[2Jf (bundle.js:1:1)").expect("a frame");
        assert_eq!(steering, "    at [2Jf (bundle.js:1:1)");
    }
}
