//! Query parameters that lists have in common: ranges of times, and sort orders.

use poem_openapi::Enum;

use crate::{
    dialects::botpress::admin::logs_dto::parse_optional_time,
    domain::bots::list_filter::{self, Sort, TimeRange},
    kernel::{Error, Result, Rule, Violation},
};

/// A time of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "camelCase")]
pub enum TimeField {
    /// Time of creation.
    CreatedAt,
    /// Time of the last update.
    UpdatedAt,
}

impl From<TimeField> for list_filter::TimeField {
    fn from(field: TimeField) -> Self {
        match field {
            TimeField::CreatedAt => Self::CreatedAt,
            TimeField::UpdatedAt => Self::UpdatedAt,
        }
    }
}

/// Direction of a sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum SortDirection {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// Builds a sort order; newest creation first by default.
pub fn to_sort(field: Option<TimeField>, direction: Option<SortDirection>) -> Sort {
    Sort {
        field: field.map(Into::into).unwrap_or_default(),
        ascending: direction == Some(SortDirection::Asc),
    }
}

/// Parses a parameter that is a list of words. Empty and repeated words are ignored.
///
/// # Errors
/// `Invalid` for a word that is not one of `allowed`.
pub fn parse_words<T: Copy + PartialEq + std::fmt::Display>(
    name: &str,
    words: &[String],
    allowed: &[T],
) -> Result<Vec<T>> {
    let mut parsed = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        let found = allowed.iter().find(|one| one.to_string() == *word);
        let found = *found.ok_or_else(|| {
            let allowed = allowed.iter().map(|one| format!("\"{one}\"")).collect();
            Error::from(Violation::query(name, Rule::OneOf { allowed }))
        })?;
        if !parsed.contains(&found) {
            parsed.push(found);
        }
    }
    Ok(parsed)
}

/// Parses the parameters `afterDate` and `beforeDate`.
///
/// # Errors
/// `Invalid` for a text that is no time and no date.
pub fn parse_range(after: Option<String>, before: Option<String>) -> Result<TimeRange> {
    Ok(TimeRange {
        from: parse_optional_time("afterDate", after)?,
        until: parse_optional_time("beforeDate", before)?,
    })
}
