//! Tags: named values on users, conversations and messages (botpress.md §4).
//!
//! A tag that a bot declares has a bare name. A tag that an integration declares is stored as
//! `integration:name`. The integration itself may write either name and reads both, because SDKs before April
//! 2024 expect one and later SDKs the other.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use super::definitions::{Named, TagDefinition};
use crate::kernel::{Error, Result, Rule, Violation};

/// Maximum length of a value, in characters.
pub const MAX_VALUE_CHARS: usize = 500;
/// Maximum length of the name of a tag that nobody declares, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Maximum number of tags of an object whose tags nobody declares.
const MAX_UNDECLARED: usize = 100;

/// Tags to set by name; `None` and an empty value unset the tag.
pub type TagPatch = BTreeMap<String, Option<String>>;

/// Tags as stored, by full name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

/// The tags that an author may set.
pub(in crate::domain) struct DeclaredTags<'a> {
    /// Tags that the bot declares.
    pub(in crate::domain) bot: &'a Named<TagDefinition>,
    /// Integration that is the author; `None` if the bot is.
    pub(in crate::domain) writer: Option<&'a str>,
    /// True if the integration (first) declares the tag (second).
    pub(in crate::domain) integration: &'a dyn Fn(&str, &str) -> bool,
}

impl Tags {
    /// Creates tags from their full names.
    pub(in crate::domain) fn from_full_names(tags: &BTreeMap<String, String>) -> Self {
        Self(tags.clone())
    }

    /// Returns the canonical JSON text, which is equal for equal tags.
    pub(in crate::domain) fn to_canonical_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// Parses the canonical text.
    pub(in crate::domain) fn parse(text: &str) -> rusqlite::Result<Self> {
        serde_json::from_str(text).map(Self).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
        })
    }

    /// Returns the tags for a reader. An integration gets its own tags by the bare name too.
    #[must_use]
    pub fn visible_to(self, integration: Option<&str>) -> BTreeMap<String, String> {
        let mut seen = self.0;
        if let Some(integration) = integration {
            let own = seen.iter().filter_map(|(name, value)| {
                let bare = name.strip_prefix(integration)?.strip_prefix(':')?;
                Some((bare.to_owned(), value.clone()))
            });
            let own: Vec<_> = own.collect();
            seen.extend(own);
        }
        seen
    }

    /// Returns the tags after a patch.
    ///
    /// # Errors
    /// `Invalid` for a tag that is not declared and for a value that is too long.
    pub(in crate::domain) fn apply_patch(
        &self,
        given: &TagPatch,
        declared: &DeclaredTags<'_>,
    ) -> Result<Self> {
        let mut merged = self.0.clone();
        // A client that writes a whole object back sends a tag under both names. The changed value wins.
        let mut changed: BTreeMap<String, bool> = BTreeMap::new();
        for (name, value) in given {
            let value = value.as_deref().unwrap_or_default();
            if value.chars().count() > MAX_VALUE_CHARS {
                return Err(violation(name, Rule::MaxLength(MAX_VALUE_CHARS as u64)));
            }
            let stored = |name: &str| self.0.get(name).map_or("", String::as_str);
            let full = match declared.full_name(name) {
                Some(full) => full,
                // A client may write back a tag that it has read, even if the tag is no longer declared.
                None if self.0.contains_key(name) && stored(name) == value => continue,
                None => {
                    let text = "is not declared by the bot or the integration".to_owned();
                    return Err(violation(name, Rule::Other(text)));
                }
            };
            let differs = stored(&full) != value;
            if changed.get(&full) == Some(&true) && !differs {
                continue;
            }
            changed.insert(full.clone(), differs);
            if value.is_empty() {
                merged.remove(&full);
            } else {
                merged.insert(full, value.to_owned());
            }
        }
        Ok(Self(merged))
    }

    /// Returns the tags after a patch of an object whose tags nobody declares.
    ///
    /// # Errors
    /// `Invalid` for a name or a value that is too long, and for too many tags.
    pub(in crate::domain) fn apply_undeclared_patch(&self, given: &TagPatch) -> Result<Self> {
        let mut merged = self.0.clone();
        for (name, value) in given {
            let value = value.as_deref().unwrap_or_default();
            if value.chars().count() > MAX_VALUE_CHARS {
                return Err(violation(name, Rule::MaxLength(MAX_VALUE_CHARS as u64)));
            }
            if name.chars().count() > MAX_NAME_CHARS {
                let rule = format!("must have a name of at most {MAX_NAME_CHARS} characters");
                return Err(violation(name, Rule::Other(rule)));
            }
            match value {
                "" => merged.remove(name),
                value => merged.insert(name.clone(), value.to_owned()),
            };
        }
        if merged.len() > MAX_UNDECLARED {
            let rule = Rule::MaxLength(MAX_UNDECLARED as u64);
            return Err(Violation::body(["tags"], rule).into());
        }
        Ok(Self(merged))
    }

    /// Checks that a patch sets the required tags of an integration, by bare or full name.
    ///
    /// # Errors
    /// `Invalid`; it names the first missing tag.
    pub(in crate::domain) fn require_in_patch(
        given: &TagPatch,
        integration: &str,
        names: &[String],
    ) -> Result<()> {
        let is_given = |name: &str| {
            given
                .get(name)
                .is_some_and(|value| value.as_ref().is_some_and(|value| !value.is_empty()))
        };
        match names
            .iter()
            .find(|name| !is_given(name) && !is_given(&format!("{integration}:{name}")))
        {
            Some(missing) => Err(violation(missing, Rule::Required)),
            None => Ok(()),
        }
    }

    /// Checks that the required tags of an integration are set.
    ///
    /// # Errors
    /// `Invalid`; it names the first missing tag.
    pub(in crate::domain) fn require_all(&self, integration: &str, names: &[String]) -> Result<()> {
        for name in names {
            if !self.0.contains_key(&format!("{integration}:{name}")) {
                return Err(violation(name, Rule::Required));
            }
        }
        Ok(())
    }

    /// Returns the tags with these names. An integration (`own`) may name its tags without its prefix.
    pub(in crate::domain) fn select(&self, names: &[String], own: Option<&str>) -> Self {
        let find = |name: &String| {
            let found = self.0.get_key_value(name).or_else(|| {
                let full = format!("{}:{name}", own?);
                self.0.get_key_value(&full)
            });
            found.map(|(name, value)| (name.clone(), value.clone()))
        };
        Self(names.iter().filter_map(find).collect())
    }

    /// True if there are no tags.
    pub(in crate::domain) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over names and values.
    pub(in crate::domain) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }
}

impl DeclaredTags<'_> {
    /// Returns the full name of a tag, or `None` if it is not declared.
    pub(in crate::domain) fn full_name(&self, name: &str) -> Option<String> {
        if let Some((integration, bare)) = name.split_once(':') {
            let declared = (self.integration)(integration, bare);
            return declared.then(|| name.to_owned());
        }
        if let Some(writer) = self.writer
            && (self.integration)(writer, name)
        {
            return Some(format!("{writer}:{name}"));
        }
        let own = self.writer.is_none() && self.bot.contains_key(name);
        own.then(|| name.to_owned())
    }
}

/// Returns the full name of a tag in a filter. An integration may filter by the bare names of its own tags.
pub(in crate::domain) fn resolve_filter_name(name: &str, reader: Option<&str>) -> String {
    match reader {
        Some(integration) if !name.contains(':') => format!("{integration}:{name}"),
        _ => name.to_owned(),
    }
}

/// The kinds of object that have tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagTable {
    /// Users.
    User,
    /// Conversations.
    Conversation,
    /// Messages.
    Message,
    /// Workflows.
    Workflow,
    /// Tasks.
    Task,
}

impl TagTable {
    /// Returns the name of the table with a row for each tag.
    pub(in crate::domain) const fn name(self) -> &'static str {
        match self {
            Self::User => "user_tags",
            Self::Conversation => "conversation_tags",
            Self::Message => "message_tags",
            Self::Workflow => "workflow_tags",
            Self::Task => "task_tags",
        }
    }

    /// Updates the rows of one object's tags from `old` to `new`.
    pub(in crate::domain) fn update_rows(
        self,
        conn: &Connection,
        agent_seq: i64,
        seq: i64,
        old: &Tags,
        new: &Tags,
    ) -> Result<()> {
        let table = self.name();
        for (name, value) in old
            .iter()
            .filter(|(name, value)| new.0.get(*name) != Some(value))
        {
            let sql = format!(
                "DELETE FROM {table} WHERE agent_seq = :agent_seq AND name = :name \
                 AND value = :value AND of_seq = :seq"
            );
            conn.prepare_cached(&sql)?.execute(named_params! {
                ":agent_seq": agent_seq, ":name": name, ":value": value, ":seq": seq,
            })?;
        }
        for (name, value) in new
            .iter()
            .filter(|(name, value)| old.0.get(*name) != Some(value))
        {
            let sql = format!(
                "INSERT INTO {table} (agent_seq, name, value, of_seq) \
                 VALUES (:agent_seq, :name, :value, :seq)"
            );
            conn.prepare_cached(&sql)?.execute(named_params! {
                ":agent_seq": agent_seq, ":name": name, ":value": value, ":seq": seq,
            })?;
        }
        Ok(())
    }
}

fn violation(name: &str, rule: Rule) -> Error {
    Violation::body(["tags", name], rule).into()
}
