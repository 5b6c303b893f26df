//! The secret members of a configuration: which they are, and how they are taken out and put back.

use serde_json::{Map, Value};

/// Names of members that are secret, compared without regard to case and with `-` as `_`.
/// A pattern is a whole name or, with a leading `*`, the end of one.
#[derive(Debug, Clone)]
pub struct SecretNames(Vec<String>);

impl SecretNames {
    /// The names that these patterns describe.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Self {
        Self(
            patterns
                .into_iter()
                .map(|pattern| normalise(pattern.as_ref()))
                .collect(),
        )
    }

    /// Whether a member of this name is secret.
    #[must_use]
    pub fn contain(&self, name: &str) -> bool {
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

/// A configuration taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    /// Everything that may be shown.
    pub shown: Map<String, Value>,
    /// The secret values by JSON Pointer.
    pub hidden: Map<String, Value>,
    /// The JSON Pointers of secret members that were null: the caller wants them gone.
    pub cleared: Vec<String>,
}

impl Parts {
    /// Takes a configuration apart.
    #[must_use]
    pub fn of(config: Map<String, Value>, secret: &SecretNames) -> Self {
        let mut parts = Self::default();
        parts.shown = parts.take_members(config, "", secret);
        parts
    }

    fn take_members(
        &mut self,
        members: Map<String, Value>,
        at: &str,
        secret: &SecretNames,
    ) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, value) in members {
            let pointer = format!("{at}/{}", escape(&name));
            if !secret.contain(&name) {
                let value = self.take_value(value, &pointer, secret);
                shown.insert(name, value);
            } else if value.is_null() {
                self.cleared.push(pointer);
            } else {
                self.hidden.insert(pointer, value);
            }
        }
        shown
    }

    fn take_value(&mut self, value: Value, at: &str, secret: &SecretNames) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.take_members(members, at, secret)),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| self.take_value(item, &format!("{at}/{index}"), secret))
                .collect(),
            plain => plain,
        }
    }

    /// Keeps those of `old` hidden values that this configuration neither sets nor clears and that
    /// still have a place in it: a client that reads, edits and writes back loses no secret.
    pub fn keep(&mut self, old: Map<String, Value>) {
        for (pointer, value) in old {
            let said = self.hidden.contains_key(&pointer) || self.cleared.contains(&pointer);
            if !said && parent(&mut self.shown, &pointer).is_some() {
                self.hidden.insert(pointer, value);
            }
        }
    }

    /// The whole configuration, secrets included.
    #[must_use]
    pub fn whole(&self) -> Map<String, Value> {
        let mut whole = self.shown.clone();
        for (pointer, value) in &self.hidden {
            if let Some((members, name)) = parent(&mut whole, pointer) {
                members.insert(name, value.clone());
            }
        }
        whole
    }
}

/// The object that the pointed-to member belongs to, if it is there, and the member's name.
fn parent<'a>(
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

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
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
        let parts = Parts::of(config.clone(), &names());
        assert_eq!(
            Value::Object(parts.shown.clone()),
            json!({
                "shop": "s",
                "headers": {"Accept": "*/*"},
                "accounts": [{"user": "u"}],
                "a/b": {},
                "author": "not secret"
            })
        );
        assert_eq!(parts.hidden.len(), 5);
        assert_eq!(parts.whole(), config);
    }

    #[test]
    fn a_secret_is_kept_unless_set_cleared_or_without_a_place() {
        let old = Parts::of(
            map(json!({
                "a_token": "old a", "b_token": "old b", "c_token": "old c",
                "headers": {"x_key": "old x"}, "gone": {"y_key": "old y"}
            })),
            &names(),
        );
        let mut new = Parts::of(
            map(json!({"a_token": "new a", "b_token": null, "headers": {}})),
            &names(),
        );
        new.keep(old.hidden);
        assert_eq!(
            Value::Object(new.whole()),
            json!({"headers": {"x_key": "old x"}, "a_token": "new a", "c_token": "old c"})
        );
    }
}
