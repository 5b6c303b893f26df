//! Broken rules of a request, in a form that each dialect can put into its own words.

use std::fmt;

use super::schema::report::shortened;

/// Where in the request a value stands.
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

/// One step from the outermost value to the one meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Key(String),
    /// An element of an array, from 0.
    Index(usize),
}

/// One broken rule and the value that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The part of the request that the value stands in.
    pub location: Location,
    /// The way to the value within it. Empty for the whole body.
    pub path: Vec<Step>,
    /// What the value should have been.
    pub rule: Rule,
}

/// What a value should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// It must be there.
    Required,
    /// It must not be there.
    Unexpected,
    /// It must be of one of these JSON types.
    Type {
        /// JSON Schema's names: `string`, `object`, `null`, …
        expected: Vec<String>,
    },
    /// It must be one of these values, shown as JSON.
    OneOf {
        /// The allowed values, each as JSON text.
        allowed: Vec<String>,
    },
    /// A string (characters), array (items) or object (members) with at least this many.
    MinLength(u64),
    /// A string (characters), array (items) or object (members) with at most this many.
    MaxLength(u64),
    /// A number that is at least this.
    Minimum(String),
    /// A number that is at most this.
    Maximum(String),
    /// A string in this named format (`uri`, `uuid`, `email`, …).
    Format(String),
    /// A string that matches this regular expression.
    Pattern(String),
    /// It must be JSON at all; the text says where reading stopped.
    Json(String),
    /// Any other rule, in words that follow the value's name: `must …`.
    Other(String),
    /// No rule of its own: there are more broken rules than are listed before it.
    More {
        /// How many more were found.
        count: usize,
        /// True if looking for them ended before all were found.
        at_least: bool,
    },
}

/// The most broken rules that are shown.
const SHOWN: usize = 20;
/// The longest name of a member that is shown, in bytes of JSON.
const SHOWN_NAME: usize = 120;
/// The longest way to a value that is shown, in bytes of JSON.
const SHOWN_PATH: usize = 200;
/// The bytes of JSON that all rules have together, but each has at least the second figure, and at most
/// the third.
const SHOWN_RULES: (usize, usize, usize) = (6_000, 240, 4_000);

/// As many broken rules as are shown, with texts as long as are shown; the last one tells of more.
pub(super) fn bounded(mut violations: Vec<Violation>) -> Vec<Violation> {
    let already = |violation: &Violation| matches!(violation.rule, Rule::More { .. });
    let mut more = (0, false);
    if let Some(Rule::More { count, at_least }) = violations
        .pop_if(|last| already(last))
        .map(|violation| violation.rule)
    {
        more = (count, at_least);
    }
    let hidden = violations.len().saturating_sub(SHOWN);
    let (count, at_least) = (more.0 + hidden, more.1);
    violations.truncate(SHOWN);
    let location = violations.first().map(|first| first.location);
    let (all, least, most) = SHOWN_RULES;
    let each = (all / violations.len().max(1)).clamp(least, most);
    let violations = violations.into_iter();
    let mut shown: Vec<_> = violations.map(|one| one.bounded(each)).collect();
    if let Some(location) = location
        && (count > 0 || at_least)
    {
        shown.push(Violation {
            location,
            path: Vec::new(),
            rule: Rule::More { count, at_least },
        });
    }
    shown
}

impl Violation {
    /// A broken rule in the body, at a path of member names.
    pub fn body<S: Into<String>>(path: impl IntoIterator<Item = S>, rule: Rule) -> Self {
        Self {
            location: Location::Body,
            path: path.into_iter().map(|key| Step::Key(key.into())).collect(),
            rule,
        }
    }

    /// A broken rule of the query parameter `name`.
    pub fn query(name: impl Into<String>, rule: Rule) -> Self {
        Self {
            location: Location::Query,
            path: vec![Step::Key(name.into())],
            rule,
        }
    }

    /// This violation with texts as long as are shown, the rule up to so many bytes.
    fn bounded(self, most: usize) -> Self {
        let mut left = SHOWN_PATH;
        let mut path = Vec::new();
        for step in self.path {
            if left == 0 {
                path.push(Step::Key("…".to_owned()));
                break;
            }
            let step = match step {
                Step::Key(key) => Step::Key(shortened(&key, SHOWN_NAME.min(left))),
                index @ Step::Index(_) => index,
            };
            left = left.saturating_sub(match &step {
                Step::Key(key) => key.len() + 1,
                Step::Index(_) => 8,
            });
            path.push(step);
        }
        Self {
            path,
            rule: self.rule.bounded(most),
            ..self
        }
    }

    /// This violation with `prefix` before its path: the whole was checked as a part.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        if matches!(self.rule, Rule::More { .. }) {
            return self;
        }
        self.path.insert(0, Step::Key(prefix.to_owned()));
        self
    }

    /// The way to the value with dots and brackets: `config.headers`, `tags[2].name`; empty for
    /// the whole body.
    #[must_use]
    pub fn field(&self) -> String {
        let mut field = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if field.is_empty() => field.push_str(key),
                Step::Key(key) => {
                    field.push('.');
                    field.push_str(key);
                }
                Step::Index(index) => field.push_str(&format!("[{index}]")),
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
        let field = self.field();
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
    fn bounded(self, most: usize) -> Self {
        let text = |text: String| shortened(&text, most);
        match self {
            Self::Format(format) => Self::Format(text(format)),
            Self::Pattern(pattern) => Self::Pattern(text(pattern)),
            Self::Json(reason) => Self::Json(text(reason)),
            Self::Other(rule) => Self::Other(text(rule)),
            Self::Minimum(limit) => Self::Minimum(text(limit)),
            Self::Maximum(limit) => Self::Maximum(text(limit)),
            Self::OneOf { allowed } => {
                let mut left = most;
                let mut shown = Vec::new();
                let all = allowed.len();
                for value in allowed {
                    if value.len() + 2 > left {
                        if shown.is_empty() {
                            shown.push(shortened(&value, left));
                        }
                        break;
                    }
                    left -= value.len() + 2;
                    shown.push(value);
                }
                if shown.len() < all {
                    shown.push(format!("… ({all} values)"));
                }
                Self::OneOf { allowed: shown }
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
                Step::Key("tags".into()),
                Step::Index(2),
                Step::Key("name".into()),
            ],
            rule: Rule::Type {
                expected: vec!["string".into(), "null".into()],
            },
        };
        assert_eq!(
            violation.to_string(),
            "tags[2].name must be a string or null"
        );
        assert_eq!(violation.under("config").field(), "config.tags[2].name");
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
