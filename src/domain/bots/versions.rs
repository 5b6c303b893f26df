//! Versions of integrations, interfaces and plugins, and the ranges of versions that clients ask for: a version,
//! `latest`, or an npm range (botpress-today.md §0.3).

use nodejs_semver::{Range, Version};
use rusqlite::{Connection, Params};

use crate::kernel::{Error, Result, Rule, Violation, violation::Location};

/// Maximum length of a version or range, in bytes: npm's own limit.
const MAX_RANGE_BYTES: usize = 256;

/// Filter by version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionFilter {
    /// Newest version of each name.
    Latest,
    /// Exactly this version.
    Version(String),
}

impl VersionFilter {
    /// Parses a version filter: `latest` or a version.
    #[must_use]
    pub fn parse(text: String) -> Self {
        match text.as_str() {
            "latest" => Self::Latest,
            _ => Self::Version(text),
        }
    }

    /// Returns the parameters `:latest` and `:version` of a list.
    pub(in crate::domain) fn to_sql_parameters(filter: Option<Self>) -> (bool, Option<String>) {
        match filter {
            Some(Self::Latest) => (true, None),
            Some(Self::Version(version)) => (false, Some(version)),
            None => (false, None),
        }
    }
}

/// Returns the row with exactly this version, or with the highest version in this range. `find` reads one version,
/// or the newest for `latest`; `list` reads all versions.
///
/// # Errors
/// `Invalid` if `version` is neither a version nor a range, or errors of `find` and `list`.
pub(in crate::domain) fn find_version<T>(
    version: &str,
    find: impl Fn(&str) -> Result<Option<T>>,
    list: impl FnOnce() -> Result<Vec<String>>,
) -> Result<Option<T>> {
    if let Some(found) = find(version)? {
        return Ok(Some(found));
    }
    let all = list()?;
    if all.is_empty() {
        return Ok(None);
    }
    match find_highest(all, version)? {
        Some(highest) => find(&highest),
        None => Ok(None),
    }
}

/// Reads the versions that a query returns in its only column.
pub(in crate::domain) fn read_versions(
    conn: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Returns a text that sorts by the three numbers of a version. A version with a suffix sorts before the version
/// without it; suffixes sort as text.
///
/// # Errors
/// `Invalid` unless the version is three numbers and maybe a suffix.
pub(in crate::domain) fn sort_key(version: &str) -> Result<String> {
    let broken = || {
        let rule = Rule::Other("must be a version such as 1.2.3".to_owned());
        Error::from(Violation::body(["version"], rule))
    };
    let (numbers, suffix) = match version.split_once('-') {
        Some((numbers, suffix)) => (numbers, Some(suffix)),
        None => (version, None),
    };
    let mut parts = Vec::new();
    for part in numbers.split('.') {
        let number: u32 = part.parse().map_err(|_| broken())?;
        parts.push(format!("{number:010}"));
    }
    if parts.len() != 3 || suffix.is_some_and(str::is_empty) {
        return Err(broken());
    }
    // In ASCII, `~` sorts after every letter of a suffix.
    Ok(format!("{}{}", parts.join("."), suffix.map_or("~", |_| "-")) + suffix.unwrap_or_default())
}

/// True if a version is in a range. A range that cannot be read is a version.
pub(in crate::domain) fn satisfies(version: &str, range: &str) -> bool {
    match (Version::parse(version), parse_range(range)) {
        (Ok(parsed), Ok(range)) => range.satisfies(&parsed),
        _ => version == range,
    }
}

/// Returns the highest of `versions` in the range `wanted`.
fn find_highest(versions: Vec<String>, wanted: &str) -> Result<Option<String>> {
    let range = parse_range(wanted)?;
    let parsed = versions.into_iter().filter_map(|version| {
        // The parser is lenient and skips parts that it does not understand.
        let parsed = Version::parse(&version).ok();
        let parsed = parsed.filter(|parsed| parsed.to_string() == version)?;
        range.satisfies(&parsed).then_some((parsed, version))
    });
    let found = parsed.max_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found.map(|(_, version)| version))
}

fn parse_range(wanted: &str) -> Result<Range> {
    let short = Some(wanted).filter(|wanted| wanted.len() <= MAX_RANGE_BYTES);
    short
        .and_then(|wanted| Range::parse(wanted).ok())
        .ok_or_else(|| {
            let rule = "must be a version such as 1.2.3, a range such as ^1.2 or >=1.0.0 <2.0.0, or latest";
            // wire: a path parameter that is no valid range is InvalidQuery (botpress-today.md §0.3)
            Error::from(Violation {
                location: Location::Query,
                ..Violation::body(["version"], Rule::Other(rule.to_owned()))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [&str; 8] = [
        "0.9.0",
        "0.10.0",
        "1.0.0-rc.2",
        "1.0.0-rc.10",
        "1.0.0",
        "1.2.3",
        "2.0.0-beta",
        "3.0.0",
    ];

    fn found(wanted: &str) -> Option<String> {
        let versions = VERSIONS.map(str::to_owned).to_vec();
        find_highest(versions, wanted).expect("a range")
    }

    #[test]
    fn the_highest_version_of_a_range_is_found() {
        for (wanted, version) in [
            ("<1.0.0", "0.10.0"),
            ("<9.0.0", "3.0.0"),
            ("^1.0", "1.2.3"),
            ("~1.0.0", "1.0.0"),
            ("1.x", "1.2.3"),
            ("1", "1.2.3"),
            ("0.9", "0.9.0"),
            (">=1 <3", "1.2.3"),
            (">=1 <3 || 0.9.0", "1.2.3"),
            ("0.9.0 || 7", "0.9.0"),
            ("0.9.0 - 1.0.0", "1.0.0"),
            ("*", "3.0.0"),
            ("=1.0.0", "1.0.0"),
            // A range matches prereleases only of a version that it names with a prerelease.
            (">=1.0.0-rc.1 <1.0.0", "1.0.0-rc.10"),
            (">1.2.3 <3.0.0-0", ""),
            (">=2.0.0-alpha <3.0.0", "2.0.0-beta"),
            (">3", ""),
        ] {
            assert_eq!(found(wanted).unwrap_or_default(), version, "{wanted}");
        }
    }

    #[test]
    fn whatever_is_neither_is_refused() {
        let long = "1.0.0 || ".repeat(40);
        for wanted in [
            "abc", ">=", "1.2.3.4", "^a", "<>1", ">=1,<2", "newest", "🦀", &long,
        ] {
            let refused = find_highest(Vec::new(), wanted);
            assert!(refused.is_err(), "{wanted}: {refused:?}");
        }
    }

    #[test]
    fn versions_sort_as_numbers() {
        let order = |version| sort_key(version).expect("a version");
        for (less, more) in [
            ("0.9.0", "0.10.0"),
            ("1.0.0-alpha", "1.0.0"),
            ("1.0.0-alpha", "1.0.0-beta"),
            ("1.0.0", "1.0.1-rc1"),
        ] {
            assert!(order(less) < order(more), "{less} {more}");
        }
        for bad in ["", "1", "1.2", "1.2.x", "latest", "1.2.3-", "1.2.3.4"] {
            assert!(sort_key(bad).is_err(), "{bad}");
        }
    }
}
