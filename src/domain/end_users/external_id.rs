//! What must be true of an external id.

use crate::kernel::{
    Patch, Result, Rule, Violation,
    violation::{Location, Step},
};

/// The longest external id, in characters.
const MAX: usize = 36;

/// An external id, from this part of the request, as it is stored: capitals do not matter.
pub(super) fn folded(external_id: &str, location: Location) -> Result<String> {
    let broken = |rule| {
        let path = vec![Step::Key("external_id".to_owned())];
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
    if external_id.chars().count() > MAX {
        return broken(Rule::MaxLength(MAX as u64));
    }
    if external_id.contains(['<', '>']) {
        return broken(Rule::Other("must not contain < or >".to_owned()));
    }
    Ok(external_id.to_lowercase())
}

/// A change of an external id, folded.
pub(super) fn folded_patch(patch: Patch<String>) -> Result<Patch<String>> {
    Ok(match patch {
        Patch::Value(external_id) => Patch::Value(folded(&external_id, Location::Body)?),
        other => other,
    })
}
