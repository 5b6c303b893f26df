//! Resolves a requested version of an integration: a version, `latest`, or an npm range (botpress-today.md
//! §0.3).

use nodejs_semver::{Range, Version};

use crate::kernel::{Error, Result, Rule, Violation, violation::Location};

/// Maximum length of a version or range, in bytes: npm's own limit.
const MAX_RANGE_BYTES: usize = 256;

/// Returns the highest of `versions` in the range `wanted`.
///
/// # Errors
/// `Invalid` if `wanted` is neither a version nor a range.
pub(super) fn find_highest(versions: Vec<String>, wanted: &str) -> Result<Option<String>> {
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
}
