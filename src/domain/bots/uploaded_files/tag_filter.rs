//! Conditions on tags (botpress-today.md §6): all of them must hold.

use std::collections::BTreeMap;

use rusqlite::ToSql;

/// A condition on one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The tag has one of these values.
    In(Vec<String>),
    /// The tag has none of these values, or is absent.
    NotIn(Vec<String>),
    /// The tag is present, or absent.
    Exists(bool),
}

/// Conditions, each with the name of its tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter(pub Vec<(String, Condition)>);

impl Condition {
    fn matches(&self, value: Option<&String>) -> bool {
        match self {
            Self::In(values) => value.is_some_and(|value| values.contains(value)),
            Self::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Self::Exists(exists) => value.is_some() == *exists,
        }
    }
}

/// A parameter of a statement, with its name.
pub(super) type Parameter = (String, Box<dyn ToSql + Send>);

impl TagFilter {
    /// True if tags meet all conditions.
    #[must_use]
    pub fn matches(&self, tags: &BTreeMap<String, String>) -> bool {
        let mut conditions = self.0.iter();
        conditions.all(|(name, condition)| condition.matches(tags.get(name)))
    }

    /// Returns the SQL conditions on a row of `files`, and their parameters.
    pub(super) fn to_sql(&self) -> (String, Vec<Parameter>) {
        let (mut sql, mut parameters) = (String::new(), Vec::<Parameter>::new());
        for (index, (name, condition)) in self.0.iter().enumerate() {
            let name_key = format!(":tag{index}");
            parameters.push((name_key.clone(), Box::new(name.clone())));
            let (is_negated, values) = match condition {
                Condition::In(values) => (false, Some(values)),
                Condition::NotIn(values) => (true, Some(values)),
                Condition::Exists(exists) => (!exists, None),
            };
            let values = values.map(|values| {
                let list_key = format!(":values{index}");
                let list = serde_json::to_string(values).unwrap_or_default();
                parameters.push((list_key.clone(), Box::new(list)));
                format!(" AND tags.value IN (SELECT value FROM json_each({list_key}))")
            });
            let not = if is_negated { "NOT " } else { "" };
            sql.push_str(&format!(
                " AND {not}EXISTS (SELECT 1 FROM file_tags AS tags WHERE tags.file_seq = files.seq \
                 AND tags.name = {name_key}{})",
                values.unwrap_or_default()
            ));
        }
        (sql, parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tag_passes_only_what_excludes_it() {
        let tags = BTreeMap::from([("kind".to_owned(), "a".to_owned())]);
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        for (name, condition, expected) in [
            ("kind", Condition::In(values(&["a", "b"])), true),
            ("kind", Condition::In(values(&["b"])), false),
            ("kind", Condition::NotIn(values(&["b"])), true),
            ("kind", Condition::NotIn(values(&["a"])), false),
            ("other", Condition::In(values(&["a"])), false),
            ("other", Condition::NotIn(values(&["a"])), true),
            ("other", Condition::Exists(false), true),
            ("kind", Condition::Exists(true), true),
        ] {
            let filter = TagFilter(vec![(name.to_owned(), condition)]);
            assert_eq!(filter.matches(&tags), expected, "{filter:?}");
        }
    }
}
