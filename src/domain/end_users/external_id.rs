//! Validates external ids and folds their case.

use crate::kernel::{
    Patch, Result, Rule, Violation,
    violation::{Location, PathSegment},
};

/// Maximum length of an external id, in characters.
const MAX_CHARS: usize = 36;

/// Validates an external id from this part of the request and folds it to lower case for storage.
pub(super) fn fold_external_id(external_id: &str, location: Location) -> Result<String> {
    let broken = |rule| {
        let path = vec![PathSegment::Key("external_id".to_owned())];
        Err(Violation {
            location,
            path,
            rule,
        }
        .into())
    };
    if external_id.is_empty() {
        return broken(Rule::MinLength(1));
    }
    if external_id.chars().count() > MAX_CHARS {
        return broken(Rule::MaxLength(MAX_CHARS as u64));
    }
    if external_id.contains(['<', '>']) {
        return broken(Rule::Other("must not contain < or >".to_owned()));
    }
    Ok(to_lowercase_same_length(external_id))
}

/// Converts a text to lower case and keeps its number of characters. A letter whose lower case has two
/// characters, such as `İ`, stays as it is: a folded id must satisfy the length limit too.
fn to_lowercase_same_length(text: &str) -> String {
    let small = text.to_lowercase();
    if small.chars().count() == text.chars().count() {
        return small;
    }
    let letter = |letter: char| {
        let mut small = letter.to_lowercase();
        let only = small.next().filter(|_| small.next().is_none());
        only.unwrap_or(letter)
    };
    text.chars().map(letter).collect()
}

/// Validates and folds a change of an external id.
pub(super) fn fold_patch(patch: Patch<String>) -> Result<Patch<String>> {
    Ok(match patch {
        Patch::Value(external_id) => Patch::Value(fold_external_id(&external_id, Location::Body)?),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn capitals_do_not_matter() {
        let fold = |text: &str| fold_external_id(text, Location::Body).ok();
        assert_eq!(fold("CRM-1"), Some("crm-1".to_owned()));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        let dotted = "İ".repeat(30);
        assert_eq!(fold(&dotted), Some(dotted.clone()));
        assert_eq!(fold(&format!("{dotted}X")), fold(&format!("{dotted}x")));
    }

    proptest! {
        /// A folded id must match itself in a later lookup.
        #[test]
        fn a_folded_id_folds_to_itself(text in "\\PC{1,36}") {
            if let Ok(once) = fold_external_id(&text, Location::Body) {
                prop_assert_eq!(fold_external_id(&once, Location::Body).ok(), Some(once));
            }
        }
    }
}
