//! Attributes of integrations, interfaces, plugins, actions and events: text by name. They are stored for clients and
//! have no effect here (botpress-today.md §0.5).

use std::collections::BTreeMap;

use super::Named;
use crate::kernel::{Error, Result, Rule, Violation};

/// Maximum length of a name or a value, in characters.
const MAX_CHARS: usize = 200;
/// The same for the tags of a bot.
pub(super) const MAX_BOT_TAG_CHARS: usize = 500;
/// Maximum number of attributes of one object.
const MAX_ATTRIBUTES: usize = 100;

/// Attributes by name. `None` removes an attribute in a patch; stored attributes have values.
pub type Attributes = BTreeMap<String, Option<String>>;

/// Merges the attributes of a patch into the stored ones.
pub(super) fn merge_attributes(given: Attributes, stored: &mut Attributes) {
    for (name, value) in given {
        match value {
            Some(value) => stored.insert(name, Some(value)),
            None => stored.remove(&name),
        };
    }
}

/// Checks attributes; `place` is their path in the body.
///
/// # Errors
/// `Invalid` for a name or a value that is too long, and for too many attributes.
pub(super) fn check_attributes(attributes: &Attributes, place: &str) -> Result<()> {
    check_texts(attributes, place, MAX_CHARS)
}

/// Checks attributes with names and values of at most `max_chars`; `place` is their path in the body.
///
/// # Errors
/// As [`check_attributes`].
pub(super) fn check_texts(attributes: &Attributes, place: &str, max_chars: usize) -> Result<()> {
    let broken = |name: Option<&str>, rule: Rule| {
        let path = place.split('.').chain(name);
        Err(Error::from(Violation::body(path, rule)))
    };
    if attributes.len() > MAX_ATTRIBUTES {
        let rule = format!("must not have more than {MAX_ATTRIBUTES} attributes");
        return broken(None, Rule::Other(rule));
    }
    for (name, value) in attributes {
        let value = value.as_deref().unwrap_or_default();
        if [name.as_str(), value]
            .iter()
            .any(|text| text.chars().count() > max_chars)
        {
            return broken(Some(name), Rule::MaxLength(max_chars as u64));
        }
    }
    Ok(())
}

/// Checks the attributes of named objects; `place` is the path of the objects in the body.
///
/// # Errors
/// As [`check_attributes`].
pub(super) fn check_attributes_of<T>(
    named: &Named<T>,
    place: &str,
    attributes: impl Fn(&T) -> &Attributes,
) -> Result<()> {
    let mut named = named.iter();
    named.try_for_each(|(name, one)| {
        check_attributes(attributes(one), &format!("{place}.{name}.attributes"))
    })
}
