//! Broken rules of a request, in a form that each dialect can translate into its own messages.

use std::fmt;

use super::schema::report::truncate_text;

/// The part of a request that contains a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// The JSON body.
    Body,
    /// The query string.
    Query,
    /// The path.
    Path,
    /// The headers.
    Header,
}

/// One segment of the path from the outermost value to an inner one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment {
    /// The name of an object's member.
    Key(String),
    /// The index of an array's item, from 0.
    Index(usize),
}

/// A broken rule, with the location of the value that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The part of the request that contains the value.
    pub location: Location,
    /// The path to the value within that part. Empty for the whole body.
    pub path: Vec<PathSegment>,
    /// The broken rule.
    pub rule: Rule,
}

/// A rule that a value must follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The value must be present.
    Required,
    /// The value must not be present.
    Unexpected,
    /// The value must have one of these JSON types.
    Type {
        /// Type names of JSON Schema: `string`, `object`, `null`, …
        expected: Vec<String>,
    },
    /// The value must be one of these.
    OneOf {
        /// The allowed values, each as JSON text.
        allowed: Vec<String>,
    },
    /// Minimum length of a string (characters), array (items) or object (members).
    MinLength(u64),
    /// Maximum length of a string (characters), array (items) or object (members).
    MaxLength(u64),
    /// Minimum of a number.
    Minimum(String),
    /// Maximum of a number.
    Maximum(String),
    /// The string must have this named format (`uri`, `uuid`, `email`, …).
    Format(String),
    /// The string must match this regular expression.
    Pattern(String),
    /// The value must be valid JSON; the text is the parser's message with the position.
    Json(String),
    /// Any other rule, as the rest of a sentence that begins with the value's name: `must …`.
    Other(String),
    /// Not a rule: the list before it is incomplete.
    More {
        /// Number of broken rules that are not listed.
        count: usize,
        /// True if the check stopped before it found all of them.
        at_least: bool,
    },
}

/// Maximum number of broken rules that a response lists.
const MAX_VIOLATIONS: usize = 20;
/// Maximum length of a member's name in a response, in bytes of JSON.
const MAX_NAME_BYTES: usize = 120;
/// Maximum length of a path in a response, in bytes of JSON.
const MAX_PATH_BYTES: usize = 200;
/// Maximum length of all rules of a response together, in bytes of JSON; then the minimum and the maximum
/// share of one rule.
const RULE_BYTES: (usize, usize, usize) = (6_000, 240, 4_000);

/// Limits the number of broken rules and the length of their texts. Replaces the rest by a last [`Rule::More`].
pub(super) fn limit_violations(mut violations: Vec<Violation>) -> Vec<Violation> {
    let already = |violation: &Violation| matches!(violation.rule, Rule::More { .. });
    let mut more = (0, false);
    if let Some(Rule::More { count, at_least }) = violations
        .pop_if(|last| already(last))
        .map(|violation| violation.rule)
    {
        more = (count, at_least);
    }
    let hidden = violations.len().saturating_sub(MAX_VIOLATIONS);
    let (count, at_least) = (more.0 + hidden, more.1);
    violations.truncate(MAX_VIOLATIONS);
    let location = violations.first().map(|first| first.location);
    let (all, min, max) = RULE_BYTES;
    let each = (all / violations.len().max(1)).clamp(min, max);
    let violations = violations.into_iter();
    let mut truncated: Vec<_> = violations.map(|one| one.truncate_texts(each)).collect();
    if let Some(location) = location
        && (count > 0 || at_least)
    {
        truncated.push(Violation {
            location,
            path: Vec::new(),
            rule: Rule::More { count, at_least },
        });
    }
    truncated
}

impl Violation {
    /// Creates a broken rule for the body, at a path of member names.
    pub fn body<S: Into<String>>(path: impl IntoIterator<Item = S>, rule: Rule) -> Self {
        Self {
            location: Location::Body,
            path: path
                .into_iter()
                .map(|key| PathSegment::Key(key.into()))
                .collect(),
            rule,
        }
    }

    /// Creates a broken rule for the query parameter `name`.
    pub fn query(name: impl Into<String>, rule: Rule) -> Self {
        Self {
            location: Location::Query,
            path: vec![PathSegment::Key(name.into())],
            rule,
        }
    }

    /// Shortens the path to the limits, and the texts of the rule to `max_bytes` bytes.
    fn truncate_texts(self, max_bytes: usize) -> Self {
        let mut left = MAX_PATH_BYTES;
        let mut path = Vec::new();
        for step in self.path {
            if left == 0 {
                path.push(PathSegment::Key("…".to_owned()));
                break;
            }
            let step = match step {
                PathSegment::Key(key) => {
                    PathSegment::Key(truncate_text(&key, MAX_NAME_BYTES.min(left)))
                }
                index @ PathSegment::Index(_) => index,
            };
            left = left.saturating_sub(match &step {
                PathSegment::Key(key) => key.len() + 1,
                PathSegment::Index(_) => 8,
            });
            path.push(step);
        }
        Self {
            path,
            rule: self.rule.truncate_texts(max_bytes),
            ..self
        }
    }

    /// Inserts `prefix` before the path. Use it after a check of a part as if it were the whole.
    #[must_use]
    pub fn with_path_prefix(mut self, prefix: &str) -> Self {
        if matches!(self.rule, Rule::More { .. }) {
            return self;
        }
        self.path.insert(0, PathSegment::Key(prefix.to_owned()));
        self
    }

    /// Formats the path with dots and brackets: `config.headers`, `tags[2].name`; empty for the whole body.
    #[must_use]
    pub fn field_path(&self) -> String {
        let mut field = String::new();
        for step in &self.path {
            match step {
                PathSegment::Key(key) if field.is_empty() => field.push_str(key),
                PathSegment::Key(key) => {
                    field.push('.');
                    field.push_str(key);
                }
                PathSegment::Index(index) => field.push_str(&format!("[{index}]")),
            }
        }
        field
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Rule::More { .. } = self.rule {
            return self.rule.fmt(f);
        }
        let field = self.field_path();
        let place = match self.location {
            Location::Body if field.is_empty() => return write!(f, "The body {}", self.rule),
            Location::Body => "",
            Location::Query => "query parameter ",
            Location::Path => "path parameter ",
            Location::Header => "header ",
        };
        write!(f, "{place}{field} {}", self.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::Unexpected => f.write_str("is not allowed here"),
            Self::Type { expected } => {
                write!(f, "must be ")?;
                for (index, name) in expected.iter().enumerate() {
                    let article = match name.as_str() {
                        "null" => "",
                        "array" | "integer" | "object" => "an ",
                        _ => "a ",
                    };
                    let join = if index == 0 { "" } else { " or " };
                    write!(f, "{join}{article}{name}")?;
                }
                Ok(())
            }
            Self::OneOf { allowed } => write!(f, "must be one of {}", allowed.join(", ")),
            Self::MinLength(1) => f.write_str("must not be empty"),
            Self::MinLength(min) => write!(f, "must have a length of at least {min}"),
            Self::MaxLength(max) => write!(f, "must have a length of at most {max}"),
            Self::Minimum(min) => write!(f, "must be at least {min}"),
            Self::Maximum(max) => write!(f, "must be at most {max}"),
            Self::Format(format) if format == "uuid" => f.write_str("must be a valid UUID"),
            Self::Format(format) => write!(f, "must be a valid {format}"),
            Self::Pattern(pattern) => write!(f, "must match the pattern {pattern}"),
            Self::Json(reason) => write!(f, "is not valid JSON: {reason}"),
            Self::Other(text) => f.write_str(text),
            Self::More {
                count: 0,
                at_least: _,
            } => f.write_str("and possibly more"),
            Self::More {
                count,
                at_least: true,
            } => write!(f, "and at least {count} more"),
            Self::More {
                count,
                at_least: false,
            } => write!(f, "and {count} more"),
        }
    }
}

impl Rule {
    fn truncate_texts(self, max_bytes: usize) -> Self {
        let text = |text: String| truncate_text(&text, max_bytes);
        match self {
            Self::Format(format) => Self::Format(text(format)),
            Self::Pattern(pattern) => Self::Pattern(text(pattern)),
            Self::Json(reason) => Self::Json(text(reason)),
            Self::Other(rule) => Self::Other(text(rule)),
            Self::Minimum(limit) => Self::Minimum(text(limit)),
            Self::Maximum(limit) => Self::Maximum(text(limit)),
            Self::OneOf { allowed } => {
                let mut left = max_bytes;
                let mut kept_values = Vec::new();
                let all = allowed.len();
                for value in allowed {
                    if value.len() + 2 > left {
                        if kept_values.is_empty() {
                            kept_values.push(truncate_text(&value, left));
                        }
                        break;
                    }
                    left -= value.len() + 2;
                    kept_values.push(value);
                }
                if kept_values.len() < all {
                    kept_values.push(format!("… ({all} values)"));
                }
                Self::OneOf {
                    allowed: kept_values,
                }
            }
            bounded => bounded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_and_the_rule() {
        let violation = Violation {
            location: Location::Body,
            path: vec![
                PathSegment::Key("tags".into()),
                PathSegment::Index(2),
                PathSegment::Key("name".into()),
            ],
            rule: Rule::Type {
                expected: vec!["string".into(), "null".into()],
            },
        };
        assert_eq!(
            violation.to_string(),
            "tags[2].name must be a string or null"
        );
        assert_eq!(
            violation.with_path_prefix("config").field_path(),
            "config.tags[2].name"
        );
        assert_eq!(
            Violation::query("limit", Rule::Minimum("0".into())).to_string(),
            "query parameter limit must be at least 0"
        );
        assert_eq!(
            Violation::body(Vec::<String>::new(), Rule::Required).to_string(),
            "The body is required"
        );
    }
}
