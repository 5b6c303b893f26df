//! Translates patterns of JavaScript (ECMA-262 §22.2) to the syntax of the regex engine.
//!
//! The validator itself translates classes such as `\d`. This module translates the constructs that the
//! validator rejects or misreads. The translation is used for matching only: size estimates and messages use
//! the original.

use std::{borrow::Cow, collections::HashMap};

use serde_json::{Map, Value};

use super::draft::{for_each_subschema, for_each_subschema_mut};

/// All characters but the four line terminators: the set that `.` matches.
const ANY_BUT_LINE_END: &str = "[^\\n\\r\u{2028}\u{2029}]";

/// The constructs of a pattern that are translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TranslationScope {
    /// All constructs.
    Whole,
    /// All but `.`, whose translation makes a pattern larger.
    WithoutDots,
}

/// Map from translated patterns to their originals.
pub(super) type PatternSources = HashMap<String, String>;

/// Returns the schema with its patterns translated, and the map back to the originals. `None` if no pattern
/// needs a translation.
pub(super) fn translate_patterns(
    schema: &Value,
    scope: TranslationScope,
) -> Option<(Value, PatternSources)> {
    let mut written = PatternSources::new();
    for_each_subschema(schema, &mut |members| {
        for pattern in list_patterns(members) {
            if let Cow::Owned(new) = translate_pattern(pattern, scope) {
                written.insert(new, pattern.to_owned());
            }
        }
    });
    if written.is_empty() {
        return None;
    }
    let mut schema = schema.clone();
    for_each_subschema_mut(&mut schema, &mut |members| {
        if let Some(Value::String(pattern)) = members.get_mut("pattern") {
            *pattern = translate_pattern(pattern, scope).into_owned();
        }
        if let Some(Value::Object(inner)) = members.get_mut("patternProperties") {
            translate_keys(inner, scope);
        }
    });
    Some((schema, written))
}

fn list_patterns(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let own = members.get("pattern").and_then(Value::as_str);
    let of_members = members.get("patternProperties").and_then(Value::as_object);
    own.into_iter().chain(
        of_members
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str),
    )
}

fn translate_keys(members: &mut Map<String, Value>, scope: TranslationScope) {
    *members = std::mem::take(members)
        .into_iter()
        .map(|(pattern, value)| (translate_pattern(&pattern, scope).into_owned(), value))
        .collect();
}

/// Translates a pattern to the engine's syntax.
fn translate_pattern(pattern: &str, scope: TranslationScope) -> Cow<'_, str> {
    let mut translator = Translator {
        rest: pattern,
        output: String::with_capacity(pattern.len() + 16),
        scope,
        groups: list_named_groups(pattern),
        needs_backtracking: ["(?=", "(?!", "(?<=", "(?<!"]
            .iter()
            .any(|look| pattern.contains(look))
            || has_backreference(pattern),
    };
    translator.run();
    match translator.output == pattern {
        true => Cow::Borrowed(pattern),
        false => Cow::Owned(translator.output),
    }
}

struct Translator<'a> {
    rest: &'a str,
    output: String,
    scope: TranslationScope,
    /// The named groups, each with its number.
    groups: Vec<(&'a str, usize)>,
    /// True if the pattern has lookaround or backreferences. The validator passes such a pattern to the
    /// engine unchanged, and the engine would read `\d` and `\w` as Unicode classes.
    needs_backtracking: bool,
}

impl Translator<'_> {
    fn next_char(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    /// Consumes `text` if it comes next.
    fn skip_prefix(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn run(&mut self) {
        while let Some(next) = self.next_char() {
            match next {
                '\\' => self.translate_escape(false),
                '[' if self.skip_prefix("^]") => self.output.push_str(r"[\s\S]"),
                '[' if self.skip_prefix("]") => self.output.push_str(r"[^\s\S]"),
                '[' => self.translate_class(),
                '.' if self.scope == TranslationScope::Whole => {
                    self.output.push_str(ANY_BUT_LINE_END)
                }
                other => self.output.push(other),
            }
        }
    }

    /// Translates the rest of a character class.
    fn translate_class(&mut self) {
        self.output.push('[');
        while let Some(next) = self.next_char() {
            match next {
                '\\' => self.translate_escape(true),
                ']' => {
                    self.output.push(']');
                    return;
                }
                other => self.output.push(other),
            }
        }
    }

    /// Translates the character after a backslash.
    fn translate_escape(&mut self, in_class: bool) {
        let Some(next) = self.next_char() else {
            self.output.push('\\');
            return;
        };
        let digit_follows = self.rest.starts_with(|next: char| next.is_ascii_digit());
        match next {
            'b' if in_class => self.output.push_str(r"\x08"),
            '0' if !digit_follows => self.output.push_str(r"\x00"),
            'k' if !in_class => self.translate_named_reference(),
            'c' if self
                .rest
                .starts_with(|next: char| next.is_ascii_alphabetic()) =>
            {
                let letter = self.next_char().unwrap_or('@');
                self.output
                    .push_str(&format!(r"\x{:02x}", letter as u32 % 32));
            }
            'u' => self.translate_unicode_escape(),
            'd' if self.needs_backtracking && in_class => self.output.push_str("0-9"),
            'd' if self.needs_backtracking => self.output.push_str("[0-9]"),
            'D' if self.needs_backtracking && !in_class => self.output.push_str("[^0-9]"),
            'w' if self.needs_backtracking && in_class => self.output.push_str("0-9A-Za-z_"),
            'w' if self.needs_backtracking => self.output.push_str("[0-9A-Za-z_]"),
            'W' if self.needs_backtracking && !in_class => self.output.push_str("[^0-9A-Za-z_]"),
            other => {
                self.output.push('\\');
                self.output.push(other);
            }
        }
    }

    /// Translates `\k<name>` to the number of the group.
    fn translate_named_reference(&mut self) {
        let name = self
            .rest
            .strip_prefix('<')
            .and_then(|rest| rest.split_once('>'));
        let group = name.and_then(|(name, rest)| {
            let (_, number) = self.groups.iter().find(|(known, _)| *known == name)?;
            Some((*number, rest))
        });
        match group {
            Some((number, rest)) => {
                // Its own group separates the number from a digit that may follow.
                self.output.push_str(&format!(r"(?:\{number})"));
                self.rest = rest;
            }
            None => self.output.push_str(r"\k"),
        }
    }

    /// Joins a surrogate pair into the one character that it encodes.
    fn translate_unicode_escape(&mut self) {
        let half = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
        let pair = half(self.rest).filter(|high| (0xd800..0xdc00).contains(high));
        let whole = pair.and_then(|high| {
            let low = half(self.rest.get(4..)?.strip_prefix(r"\u")?)?;
            let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)
        });
        match whole {
            Some(character) => {
                self.rest = &self.rest[10..];
                self.output.push(character);
            }
            None => self.output.push_str(r"\u"),
        }
    }
}

/// Lists the named groups of a pattern with their numbers.
fn list_named_groups(pattern: &str) -> Vec<(&str, usize)> {
    let (mut groups, mut number, mut in_class) = (Vec::new(), 0, false);
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match next {
            '\\' => {
                rest = rest
                    .get(rest.chars().next().map_or(0, char::len_utf8)..)
                    .unwrap_or("")
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class && !rest.starts_with('?') => number += 1,
            '(' if !in_class => {
                let named = rest.strip_prefix("?<");
                let name = named.and_then(|named| named.split_once('>'));
                if let Some((name, _)) = name
                    && !name.starts_with(['=', '!'])
                {
                    number += 1;
                    groups.push((name, number));
                }
            }
            _ => {}
        }
    }
    groups
}

/// True if a pattern has a backreference, by number or by name.
fn has_backreference(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|next| {
        let refers = escaped && matches!(next, '1'..='9' | 'k');
        escaped = next == '\\' && !escaped;
        refers
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_are_translated() {
        for (written, new) in [
            ("^a[^]b$", r"^a[\s\S]b$"),
            ("[]", r"[^\s\S]"),
            (r"(?<y>\d)-\k<y>1", r"(?<y>[0-9])-(?:\1)1"),
            (r"(a)(?:b)(?<z>c)[(]\k<z>", r"(a)(?:b)(?<z>c)[(](?:\2)"),
            (r"[\b]\b", r"[\x08]\b"),
            (r"\0[\0]\01", r"\x00[\x00]\01"),
            (r"\cJ", r"\x0a"),
            (r"\ud83d\ude00", "😀"),
            (r"(?=[\w-])\w", "(?=[0-9A-Za-z_-])[0-9A-Za-z_]"),
            (r"\.[.]", r"\.[.]"),
            (r"^\d+$", r"^\d+$"),
        ] {
            assert_eq!(
                translate_pattern(written, TranslationScope::Whole),
                new,
                "{written}"
            );
        }
        assert_eq!(
            translate_pattern("a.b", TranslationScope::Whole),
            format!("a{ANY_BUT_LINE_END}b")
        );
        assert_eq!(
            translate_pattern("a.b", TranslationScope::WithoutDots),
            "a.b"
        );
    }

    #[test]
    fn only_patterns_of_schemas_are_translated() {
        let schema = json!({
            "const": {"pattern": "[^]"},
            "enum": [{"pattern": "[^]"}],
            "pattern": "[^]",
            "properties": {
                "pattern": {"pattern": "[^]"},
                "patternProperties": {"const": "[^]"},
                "enum": {"pattern": "[^]"},
            },
            "patternProperties": {"[^]": {"items": [{"pattern": "[^]"}]}},
        });
        let (new, written) =
            translate_patterns(&schema, TranslationScope::Whole).expect("patterns");
        let any = r"[\s\S]";
        assert_eq!(written.get(any).map(String::as_str), Some("[^]"));
        assert_eq!(
            new,
            json!({
                "const": {"pattern": "[^]"},
                "enum": [{"pattern": "[^]"}],
                "pattern": any,
                "properties": {
                    "pattern": {"pattern": any},
                    "patternProperties": {"const": "[^]"},
                    "enum": {"pattern": any},
                },
                "patternProperties": {any: {"items": [{"pattern": any}]}},
            })
        );
        assert_eq!(
            translate_patterns(&json!({"pattern": "^a$"}), TranslationScope::Whole),
            None
        );
    }
}
