//! Values of rows: finds and compares them.

use std::{
    cmp::Ordering,
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState},
};

use serde_json::{Map, Value};

/// Maximum number of items of a list that `$regex` and `$elemMatch` look at.
const MAX_ITEMS: usize = 1_000;

/// Returns the value at a path: a member of that name, or else members of members, separated by dots.
pub(in crate::domain::bots::tables) fn find_path<'a>(
    members: &'a Map<String, Value>,
    path: &str,
) -> Option<&'a Value> {
    if let Some(value) = members.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    find_path(members.get(first)?.as_object()?, rest)
}

/// True for a list of which one of the first items fits.
pub(super) fn has_item(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().take(MAX_ITEMS).any(fits))
}

/// True for equal values, or a list with an equal item.
pub(super) fn is_equal(value: &Value, expected: &Value) -> bool {
    is_same(value, expected)
        || value
            .as_array()
            .is_some_and(|items| items.iter().any(|item| is_same(item, expected)))
}

/// True for the same value. Numbers are compared by their value, so that 1 is 1.0.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => compare(one, other) == Some(Ordering::Equal),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(key, value): (&String, &Value)| {
                other.get(key).is_some_and(|other| is_same(value, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

/// Compares two values of one type; `None` for others. Null is equal to null.
pub(super) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
        },
        _ => None,
    }
}

/// A set of values. The time to find one does not depend on their number: a filter may have many, and a list of a row too.
#[derive(Debug)]
pub(in crate::domain::bots::tables) struct ValueSet {
    values: Vec<Value>,
    hash_keys: RandomState,
    /// Positions of the values with a hash.
    positions: HashMap<u64, Vec<usize>>,
}

impl ValueSet {
    pub(super) fn new(given: &[Value]) -> Self {
        let mut set = Self {
            values: Vec::new(),
            hash_keys: RandomState::new(),
            positions: HashMap::new(),
        };
        for value in given {
            if !set.contains(value) {
                let hash = set.hash(value);
                set.positions
                    .entry(hash)
                    .or_default()
                    .push(set.values.len());
                set.values.push(value.clone());
            }
        }
        set
    }

    pub(super) fn as_slice(&self) -> &[Value] {
        &self.values
    }

    /// True if a value of the set is the same.
    pub(super) fn contains(&self, value: &Value) -> bool {
        let positions = self.positions.get(&self.hash(value));
        positions.is_some_and(|found| found.iter().any(|at| is_same(value, &self.values[*at])))
    }

    fn hash(&self, value: &Value) -> u64 {
        let mut hasher = self.hash_keys.build_hasher();
        hash_value(value, &mut hasher);
        hasher.finish()
    }
}

/// Hashes a value, so that values that are the same have one hash.
fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(value) => (1_u8, value).hash(hasher),
        // Adding zero makes -0 and 0 one number.
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default() + 0.0;
            (2_u8, number.to_bits()).hash(hasher);
        }
        Value::String(text) => (3_u8, text).hash(hasher),
        Value::Array(items) => {
            (4_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| hash_value(item, hasher));
        }
        Value::Object(members) => {
            (5_u8, members.len()).hash(hasher);
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            for (name, value) in members {
                name.hash(hasher);
                hash_value(value, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_has_what_is_the_same() {
        let values =
            json!([1, 1.0, "1", null, true, -0.0, [1, [2.5]], {"a": 1, "b": [null]}, u64::MAX]);
        let set = ValueSet::new(values.as_array().expect("a list"));
        assert_eq!(set.as_slice().len(), 8);
        for same in [
            json!(1.0),
            json!("1"),
            json!(null),
            json!(0),
            json!([1.0, [2.5]]),
            json!({"b": [null], "a": 1.0}),
            json!(18_446_744_073_709_551_615_u64),
        ] {
            assert!(set.contains(&same), "{same}");
        }
        for other in [
            json!(2),
            json!("true"),
            json!(false),
            json!([1]),
            json!([[2.5], 1]),
            json!({"a": 1}),
            json!({}),
            json!([]),
            json!(9_007_199_254_740_993_i64),
        ] {
            assert!(!set.contains(&other), "{other}");
        }
        // Equal as floating-point numbers, but not as whole ones.
        let near = [json!(9_007_199_254_740_992_i64)];
        assert!(!ValueSet::new(&near).contains(&json!(9_007_199_254_740_993_i64)));
    }
}
