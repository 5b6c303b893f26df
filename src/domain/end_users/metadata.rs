//! Metadata of end users, and the rules for changing it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kernel::{Patch, Result, Rule, Violation};

/// Maximum size of metadata, in bytes of JSON text.
pub const METADATA_MAX_BYTES: usize = 10 * 1024;

/// The metadata variables that the vendor's channels set. A change of these alone publishes no event (ada.md §4;
/// the vendor says that the list may change).
pub const METAVARIABLES: [&str; 20] = [
    "ip_address",
    "user_agent",
    "device",
    "browser",
    "browser_version",
    "introshown",
    "initialurl",
    "last_answer_id",
    "last_question_asked",
    "sunshine_first_message_id",
    "sunshine_end_user_channel",
    "sunshine_signed_up_at",
    "channel_last_seen",
    "channel_active",
    "channel_status",
    "sunshine_conversation_started",
    "sunshine_user_id",
    "sunshine_facebook_page_id",
    "sunshine_whatsapp_channel_display_name",
    "sunshine_whatsapp_channel_phone_number",
];

/// The way in which new metadata is combined with the old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetadataUpdate {
    /// New values replace those of the same name; null removes one.
    #[default]
    Merge,
    /// The new metadata replaces the old as a whole.
    Replace,
}

/// Values by name: strings, booleans and whole numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Returns the values.
    #[must_use]
    pub const fn values(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Wraps stored values, which are valid already.
    pub(super) const fn from_stored(values: Map<String, Value>) -> Self {
        Self(values)
    }

    /// Returns the metadata after a change.
    ///
    /// # Errors
    /// `Invalid` for a value that is not a string, a boolean or a whole number, or if the result exceeds 10 KB.
    pub fn apply_patch(
        self,
        patch: Patch<Map<String, Value>>,
        how: MetadataUpdate,
    ) -> Result<Self> {
        let given = match patch {
            Patch::Absent => return Ok(self),
            Patch::Null => return Ok(Self::default()),
            Patch::Value(given) => given,
        };
        let mut values = match how {
            MetadataUpdate::Merge => self.0,
            MetadataUpdate::Replace => Map::new(),
        };
        for (name, value) in given {
            if value.is_null() {
                values.shift_remove(&name);
            } else {
                let value = check_scalar("metadata", &name, value)?;
                values.insert(name, value);
            }
        }
        let bytes = serde_json::to_string(&values).map_or(usize::MAX, |text| text.len());
        if bytes > METADATA_MAX_BYTES {
            let rule = Rule::Other("exceeds the 10 KB maximum".to_owned());
            return Err(Violation::body(["profile", "metadata"], rule).into());
        }
        Ok(Self(values))
    }

    /// True if this differs from `other` in anything but the vendor's metavariables.
    pub(super) fn has_published_difference(&self, other: &Self) -> bool {
        let has_more = |one: &Self, than: &Self| {
            one.0.iter().any(|(name, value)| {
                than.0.get(name) != Some(value) && !METAVARIABLES.contains(&name.as_str())
            })
        };
        has_more(self, other) || has_more(other, self)
    }
}

/// Returns the value if it is a string, a boolean or a whole number. A whole number may be written as `1.0`.
pub(super) fn check_scalar(member: &str, name: &str, value: Value) -> Result<Value> {
    let whole = match &value {
        Value::String(_) | Value::Bool(_) => Some(value),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(value),
        Value::Number(number) => number.as_f64().and_then(to_whole_number),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    whole.ok_or_else(|| {
        let expected = ["string", "boolean", "integer"].map(str::to_owned).to_vec();
        Violation::body(["profile", member, name], Rule::Type { expected }).into()
    })
}

fn to_whole_number(number: f64) -> Option<Value> {
    // Up to this number, every whole number has an exact floating-point value.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT)
        .then(|| serde_json::from_str(&format!("{number:.0}")).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(values) => values,
            other => panic!("{other} is no object"),
        }
    }

    fn merged(old: Metadata, given: &Map<String, Value>) -> Metadata {
        let patch = Patch::Value(given.clone());
        old.apply_patch(patch, MetadataUpdate::Merge)
            .expect("valid")
    }

    #[test]
    fn only_plain_values_are_taken() {
        let given = json!({"text": "", "flag": true, "number": -1, "whole": 2.0, "gone": null});
        assert_eq!(
            Value::Object(merged(Metadata::default(), &map(given)).0),
            json!({"text": "", "flag": true, "number": -1, "whole": 2})
        );
        for bad in [json!(1.5), json!([]), json!({}), json!(1e300)] {
            let patch = Patch::Value(map(json!({"x": bad})));
            let refused = Metadata::default().apply_patch(patch, MetadataUpdate::Merge);
            assert_eq!(
                refused.expect_err("refused").message(),
                "profile.metadata.x must be a string or a boolean or an integer"
            );
        }
    }

    #[test]
    fn the_limit_is_on_the_result() {
        let big = |size: usize| Patch::Value(map(json!({"a": "x".repeat(size)})));
        let overhead = r#"{"a":""}"#.len();
        let most = METADATA_MAX_BYTES - overhead;
        let full = Metadata::default().apply_patch(big(most), MetadataUpdate::Merge);
        let full = full.expect("exactly at the limit");
        assert!(
            Metadata::default()
                .apply_patch(big(most + 1), MetadataUpdate::Merge)
                .is_err()
        );
        let more = Patch::Value(map(json!({"b": 1})));
        assert!(
            full.clone()
                .apply_patch(more.clone(), MetadataUpdate::Merge)
                .is_err()
        );
        assert!(full.apply_patch(more, MetadataUpdate::Replace).is_ok());
    }

    #[test]
    fn metavariables_alone_are_not_told() {
        let old = merged(Metadata::default(), &map(json!({"plan": "a"})));
        for name in METAVARIABLES {
            let new = merged(old.clone(), &map(json!({name: "x"})));
            assert!(!new.has_published_difference(&old), "{name}");
            let new = merged(new, &map(json!({"plan": "b"})));
            assert!(new.has_published_difference(&old), "{name} and plan");
        }
    }

    fn given() -> impl Strategy<Value = Map<String, Value>> {
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z]{0,8}".prop_map(Value::from),
        ];
        prop::collection::vec(("[a-e]", value), 0..8)
            .prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn merging_follows_its_laws(one in given(), two in given()) {
            let old = merged(Metadata::default(), &one);
            let new = merged(old.clone(), &two);
            // A repeated merge changes nothing.
            prop_assert_eq!(&merged(new.clone(), &two), &new);
            // Named values are as given, or removed; all others stay.
            for (name, value) in &two {
                let expected = Some(value).filter(|value| !value.is_null());
                prop_assert_eq!(new.values().get(name), expected);
            }
            for (name, value) in old.values() {
                if !two.contains_key(name) {
                    prop_assert_eq!(new.values().get(name), Some(value));
                }
            }
            prop_assert!(new.values().values().all(|value| !value.is_null()));
            // Replacing equals merging into nothing.
            let replaced = old.apply_patch(Patch::Value(two.clone()), MetadataUpdate::Replace);
            prop_assert_eq!(replaced.expect("valid"), merged(Metadata::default(), &two));
        }
    }
}
