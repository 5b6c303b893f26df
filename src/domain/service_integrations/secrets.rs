//! Secret members of a configuration: finds them by name, takes them out and puts them back.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Patterns for the names of secret members. A pattern is a whole name or, with a leading `*`, a
/// suffix. Case is ignored, and `-` equals `_`.
#[derive(Debug, Clone)]
pub struct SecretNames(Vec<String>);

impl SecretNames {
    /// Creates the set from its patterns.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Self {
        Self(
            patterns
                .into_iter()
                .map(|pattern| normalise(pattern.as_ref()))
                .collect(),
        )
    }

    /// True if a member with this name is secret.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let name = normalise(name);
        self.0
            .iter()
            .any(|pattern| match pattern.strip_prefix('*') {
                Some(end) => name.ends_with(end),
                None => name == *pattern,
            })
    }
}

fn normalise(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// A configuration, split into public members and secrets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SplitConfig {
    /// The public members.
    pub public: Map<String, Value>,
    /// Secret values by JSON Pointer.
    pub secrets: Map<String, Value>,
    /// JSON Pointers of secret members that were null: the caller removes them.
    pub cleared: Vec<String>,
}

impl SplitConfig {
    /// Splits a configuration.
    #[must_use]
    pub fn split(config: Map<String, Value>, secret: &SecretNames) -> Self {
        let mut parts = Self::default();
        parts.public = parts.split_members(config, "", secret);
        parts
    }

    fn split_members(
        &mut self,
        members: Map<String, Value>,
        at: &str,
        secret: &SecretNames,
    ) -> Map<String, Value> {
        let mut public = Map::new();
        for (name, value) in members {
            let pointer = format!("{at}/{}", escape(&name));
            if !secret.contains(&name) {
                let value = self.split_value(value, &pointer, secret);
                public.insert(name, value);
            } else if value.is_null() {
                self.cleared.push(pointer);
            } else {
                self.secrets.insert(pointer, value);
            }
        }
        public
    }

    fn split_value(&mut self, value: Value, at: &str, secret: &SecretNames) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.split_members(members, at, secret)),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| self.split_value(item, &format!("{at}/{index}"), secret))
                .collect(),
            plain => plain,
        }
    }

    /// Keeps each old secret that this configuration neither sets nor clears and whose parent
    /// object still exists. So a client that reads, edits and writes back loses no secret.
    ///
    /// An element of a list is the same as an old element if their public members are equal and no
    /// other element of either list is equal to them. The index alone is no proof: after a removal,
    /// the next element has that index.
    ///
    /// Returns the JSON Pointers, in the old configuration, of the secrets that are lost.
    #[must_use]
    pub fn keep_secrets(&mut self, old: Self) -> Vec<String> {
        let mut pointers = HashMap::new();
        match_members(
            &old.public,
            &self.public,
            (String::new(), String::new()),
            &mut pointers,
        );
        let mut removed = Vec::new();
        for (pointer, value) in old.secrets {
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            let Some(pointer_in_new) = pointers
                .get(parent)
                .map(|pointer_in_new| format!("{pointer_in_new}/{name}"))
            else {
                removed.push(pointer);
                continue;
            };
            if !self.secrets.contains_key(&pointer_in_new)
                && !self.cleared.contains(&pointer_in_new)
            {
                self.secrets.insert(pointer_in_new, value);
            }
        }
        removed
    }

    /// Removes the secrets in top-level members for which `knows` is false. Returns their JSON
    /// Pointers.
    #[must_use]
    pub fn drop_unknown(&mut self, knows: impl Fn(&str) -> bool) -> Vec<String> {
        let mut dropped = Vec::new();
        self.secrets.retain(|pointer, _| {
            let top = pointer.split('/').nth(1).unwrap_or_default();
            let known = knows(&unescape(top));
            if !known {
                dropped.push(pointer.clone());
            }
            known
        });
        dropped
    }

    /// Returns the whole configuration, secrets included.
    #[must_use]
    pub fn full_config(&self) -> Map<String, Value> {
        let mut whole = self.public.clone();
        for (pointer, value) in &self.secrets {
            if let Some((members, name)) = find_parent(&mut whole, pointer) {
                members.insert(name, value.clone());
            }
        }
        whole
    }
}

/// Returns the object that contains the member at a pointer, if it exists, and the member's name.
fn find_parent<'a>(
    root: &'a mut Map<String, Value>,
    pointer: &str,
) -> Option<(&'a mut Map<String, Value>, String)> {
    let mut steps = pointer.strip_prefix('/')?.split('/').map(unescape);
    let name = steps.next_back()?;
    let Some(first) = steps.next() else {
        return Some((root, name));
    };
    let mut value = root.get_mut(&first)?;
    for step in steps {
        value = match value {
            Value::Object(members) => members.get_mut(&step)?,
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    value.as_object_mut().map(|members| (members, name))
}

/// JSON Pointers of objects in an old configuration, mapped to the same objects in the new one.
type PointerMap = HashMap<String, String>;

/// Finds the objects of the new configuration that are the same as in the old one. `at` contains
/// the pointers to both.
fn match_members(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    at: (String, String),
    pointers: &mut PointerMap,
) {
    for (name, old) in old {
        if let Some(new) = new.get(name) {
            let name = escape(name);
            let at = (format!("{}/{name}", at.0), format!("{}/{name}", at.1));
            match_values(old, new, at, pointers);
        }
    }
    pointers.insert(at.0, at.1);
}

fn match_values(old: &Value, new: &Value, at: (String, String), pointers: &mut PointerMap) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => match_members(old, new, at, pointers),
        (Value::Array(old), Value::Array(new)) => {
            let (from, to) = (unique_elements(old), unique_elements(new));
            for (element, index) in from {
                if let (Some(index), Some(Some(new_index))) = (index, to.get(element)) {
                    let at = (format!("{}/{index}", at.0), format!("{}/{new_index}", at.1));
                    match_values(element, element, at, pointers);
                }
            }
        }
        _ => {}
    }
}

/// Returns the distinct elements of a list with their indices; an element that occurs more than
/// once has no index.
fn unique_elements(list: &[Value]) -> HashMap<&Value, Option<usize>> {
    let mut elements = HashMap::new();
    for (index, element) in list.iter().enumerate() {
        elements
            .entry(element)
            .and_modify(|index| *index = None)
            .or_insert(Some(index));
    }
    elements
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

pub(super) fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;

    fn names() -> SecretNames {
        SecretNames::new(["credentials", "password", "*_token", "*_key"])
    }

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn takes_secrets_out_at_any_depth_and_puts_them_back() {
        let config = map(json!({
            "shop": "s",
            "access_token": "t1",
            "headers": {"X-Api-Key": "t2", "Accept": "*/*"},
            "accounts": [{"user": "u", "Password": "t3"}],
            "a/b": {"x_token": "t4"},
            "credentials": {"deep": "t5"},
            "author": "not secret"
        }));
        let parts = SplitConfig::split(config.clone(), &names());
        assert_eq!(
            Value::Object(parts.public.clone()),
            json!({
                "shop": "s",
                "headers": {"Accept": "*/*"},
                "accounts": [{"user": "u"}],
                "a/b": {},
                "author": "not secret"
            })
        );
        assert_eq!(parts.secrets.len(), 5);
        assert_eq!(parts.full_config(), config);
    }

    #[test]
    fn a_secret_is_kept_unless_set_cleared_or_without_a_place() {
        let old = SplitConfig::split(
            map(json!({
                "a_token": "old a", "b_token": "old b", "c_token": "old c",
                "headers": {"x_key": "old x"}, "gone": {"y_key": "old y"}
            })),
            &names(),
        );
        let mut new = SplitConfig::split(
            map(json!({"a_token": "new a", "b_token": null, "headers": {}})),
            &names(),
        );
        assert_eq!(new.keep_secrets(old), ["/gone/y_key"]);
        assert_eq!(
            Value::Object(new.full_config()),
            json!({"headers": {"x_key": "old x"}, "a_token": "new a", "c_token": "old c"})
        );
    }

    /// Writes `new` over `old`. Returns the resulting configuration and the lost secrets.
    fn written_over(old: Value, new: Value) -> (Value, Vec<String>) {
        let old = SplitConfig::split(map(old), &names());
        let mut new = SplitConfig::split(map(new), &names());
        let removed = new.keep_secrets(old);
        (Value::Object(new.full_config()), removed)
    }

    #[test]
    fn a_secret_stays_with_its_element_of_a_list() {
        let a = json!({"name": "a", "x_token": "A"});
        let b = json!({"x_token": "B", "name": "b", "deep": [{"id": 1, "y_key": "D"}]});
        let (shown_a, shown_b) = (
            json!({"name": "a"}),
            json!({"name": "b", "deep": [{"id": 1}]}),
        );
        let old = json!({"accounts": [a, b]});
        for (new, whole, removed) in [
            (json!([shown_b]), json!([b]), vec!["/accounts/0/x_token"]),
            (json!([shown_b, shown_a]), json!([b, a]), vec![]),
            (
                json!([{"name": "c"}, shown_a, shown_b]),
                json!([{"name": "c"}, a, b]),
                vec![],
            ),
            // A changed or duplicated element loses its secret.
            (
                json!([{"name": "a2"}, shown_b]),
                json!([{"name": "a2"}, b]),
                vec!["/accounts/0/x_token"],
            ),
            (
                json!([shown_a, shown_a]),
                json!([shown_a, shown_a]),
                vec![
                    "/accounts/0/x_token",
                    "/accounts/1/deep/0/y_key",
                    "/accounts/1/x_token",
                ],
            ),
        ] {
            let (got, mut gone) = written_over(old.clone(), json!({"accounts": new}));
            gone.sort_unstable();
            assert_eq!(got, json!({"accounts": whole}));
            assert_eq!(gone, removed, "{new}");
        }
    }

    #[test]
    fn secrets_of_another_kind_are_dropped() {
        let mut parts = SplitConfig::split(
            map(json!({"a_token": "a", "headers": {"x_key": "x"}})),
            &names(),
        );
        assert_eq!(parts.drop_unknown(|name| name == "headers"), ["/a_token"]);
        assert_eq!(parts.full_config(), map(json!({"headers": {"x_key": "x"}})));
    }

    proptest! {
        /// After any removal or move in a list, no element has the secret of another.
        #[test]
        fn no_element_gets_the_secret_of_another(
            names in vec(0..6_u8, 0..6),
            kept in vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let secret = |name: u8, index: usize| format!("secret {name} {index}");
            let old: Vec<Value> = names.iter().enumerate()
                .map(|(index, name)| json!({"name": name, "x_token": secret(*name, index)}))
                .collect();
            let new: Vec<Value> = kept.iter().filter(|_| !names.is_empty())
                .map(|index| json!({"name": index.get(&names)}))
                .collect();
            let (whole, _) = written_over(json!({"list": old}), json!({"list": new}));
            for element in whole["list"].as_array().expect("a list") {
                if let Some(token) = element["x_token"].as_str() {
                    let own = format!("secret {} ", element["name"]);
                    prop_assert!(token.starts_with(&own), "{}", token);
                }
            }
        }
    }
}
