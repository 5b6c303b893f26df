//! The definition of one version of a plugin: code and definitions that become a part of the bots that have it
//! (botpress-today.md §2).

use serde::{Deserialize, Serialize};

use super::{
    ActionDefinition, Attributes, BotDefinition, DeclaredSchema, EventDefinition, Named,
    NamedPatch, StateDefinition, TagDefinition, TagSet,
    attributes::{check_attributes, check_attributes_of, merge_attributes},
    check_identifier, check_tag,
    patch::{apply_actions, apply_entries, apply_events},
};
use crate::{
    domain::tenancy::claims::Claim,
    kernel::{Error, Patch, Result, Rule, Violation, schema::Limits},
};

/// Separates the alias of a plugin in a bot from the name that the plugin defines: `ALIAS#name`.
pub const ALIAS_SEPARATOR: char = '#';

/// Maximum length of the alias, the id, the name or the version of a dependency, in bytes.
const MAX_DEPENDENCY_BYTES: usize = 200;
/// Maximum number of dependencies of one kind.
const MAX_DEPENDENCIES: usize = 100;

/// The definition of one version of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PluginDefinition {
    /// Configuration.
    pub configuration: PluginConfiguration,
    /// States.
    pub states: Named<StateDefinition>,
    /// Events.
    pub events: Named<EventDefinition>,
    /// Actions.
    pub actions: Named<ActionDefinition>,
    /// Tags of users.
    pub user: TagSet,
    /// Tags of conversations.
    pub conversation: TagSet,
    /// Tags of messages.
    pub message: TagSet,
    /// Interfaces and integrations that the plugin needs, by the alias that its code uses.
    pub dependencies: PluginDependencies,
    /// Attributes; stored for clients, without effect.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Version of the SDK that made the definition; stored, without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
}

/// The configuration of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfiguration {
    /// Display name, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Schema of the configuration.
    pub schema: DeclaredSchema,
}

/// The interfaces and integrations that a plugin needs, by alias.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginDependencies {
    /// Interfaces.
    pub interfaces: Named<PluginDependency>,
    /// Integrations.
    pub integrations: Named<PluginDependency>,
}

/// An interface or an integration that a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginDependency {
    /// Id of the version that the plugin was made with.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version or range.
    pub version: String,
}

impl PluginDefinition {
    /// Validates the names that the developer chose.
    ///
    /// # Errors
    /// `InvalidIdentifier` for a bad name, `Invalid` for attributes or dependencies out of bounds.
    pub fn check(&self) -> Result<()> {
        for (place, tags) in [
            ("user.tags", &self.user.tags),
            ("conversation.tags", &self.conversation.tags),
            ("message.tags", &self.message.tags),
        ] {
            tags.keys().try_for_each(|name| check_tag(name, place))?;
        }
        let places = [
            ("states", self.states.keys().collect::<Vec<_>>()),
            ("events", self.events.keys().collect()),
            ("actions", self.actions.keys().collect()),
        ];
        for (place, names) in places {
            for name in names {
                check_identifier(name, place)?;
            }
        }
        let dependencies = &self.dependencies;
        check_dependencies(&dependencies.interfaces, "interfaces")?;
        check_dependencies(&dependencies.integrations, "integrations")?;
        check_attributes(&self.attributes, "attributes")?;
        check_attributes_of(&self.events, "events", |event| &event.attributes)?;
        check_attributes_of(&self.actions, "actions", |action| &action.attributes)
    }

    /// Adds the definitions of the plugin to those of a bot, under the names `ALIAS#name`.
    pub(in crate::domain) fn add_to_bot(self, alias: &str, bot: &mut BotDefinition) {
        fn add<T>(alias: &str, from: Named<T>, to: &mut Named<T>) {
            let named = from.into_iter();
            to.extend(named.map(|(name, one)| (format!("{alias}{ALIAS_SEPARATOR}{name}"), one)));
        }
        add(alias, self.states, &mut bot.states);
        add(alias, self.events, &mut bot.events);
        add(alias, self.actions, &mut bot.actions);
        add(alias, self.user.tags, &mut bot.user.tags);
        add(alias, self.conversation.tags, &mut bot.conversation.tags);
        add(alias, self.message.tags, &mut bot.message.tags);
    }
}

fn check_dependencies(dependencies: &Named<PluginDependency>, kind: &str) -> Result<()> {
    let broken = |path: &[&str], rule: Rule| {
        let path = ["dependencies", kind]
            .into_iter()
            .chain(path.iter().copied());
        Err(Error::from(Violation::body(path, rule)))
    };
    if dependencies.len() > MAX_DEPENDENCIES {
        let rule = format!("must not have more than {MAX_DEPENDENCIES} entries");
        return broken(&[], Rule::Other(rule));
    }
    for (alias, dependency) in dependencies {
        let texts = [alias, &dependency.id, &dependency.name, &dependency.version];
        if alias.is_empty() || texts.iter().any(|text| text.len() > MAX_DEPENDENCY_BYTES) {
            let alias = alias.get(..MAX_DEPENDENCY_BYTES).unwrap_or(alias);
            return broken(&[alias], Rule::MaxLength(MAX_DEPENDENCY_BYTES as u64));
        }
    }
    Ok(())
}

/// The schemas of a plugin in a bot are valid, with the entities of the bot's integrations in them.
impl Claim for PluginDefinition {
    fn prove(&self, limits: &Limits) -> Result<()> {
        let check = |name: &str, schema: &DeclaredSchema| {
            DeclaredSchema::new(schema.source().clone(), name, limits).map(drop)
        };
        check("configuration.schema", &self.configuration.schema)?;
        for (name, state) in &self.states {
            check(&format!("states.{name}.schema"), &state.schema)?;
        }
        for (name, event) in &self.events {
            check(&format!("events.{name}.schema"), &event.schema)?;
        }
        for (name, action) in &self.actions {
            check(&format!("actions.{name}.input.schema"), &action.input)?;
            check(&format!("actions.{name}.output.schema"), &action.output)?;
        }
        Ok(())
    }
}

/// A patch of a plugin's definition.
#[derive(Debug, Clone, Default)]
pub struct PluginDefinitionPatch {
    /// Configuration; replaces the old one.
    pub configuration: Patch<PluginConfiguration>,
    /// States.
    pub states: NamedPatch<StateDefinition>,
    /// Events.
    pub events: NamedPatch<EventDefinition>,
    /// Actions.
    pub actions: NamedPatch<ActionDefinition>,
    /// Tags of users.
    pub user: NamedPatch<TagDefinition>,
    /// Tags of conversations.
    pub conversation: NamedPatch<TagDefinition>,
    /// Tags of messages.
    pub message: NamedPatch<TagDefinition>,
    /// Interfaces that the plugin needs.
    pub interfaces: NamedPatch<PluginDependency>,
    /// Integrations that the plugin needs.
    pub integrations: NamedPatch<PluginDependency>,
    /// Attributes; `None` removes one.
    pub attributes: Attributes,
    /// Version of the SDK that made the definition.
    pub sdk_version: Option<String>,
}

impl PluginDefinitionPatch {
    /// Applies the patch.
    pub fn apply(self, definition: &mut PluginDefinition) {
        match self.configuration {
            Patch::Absent => {}
            Patch::Null => definition.configuration = PluginConfiguration::default(),
            Patch::Value(configuration) => definition.configuration = configuration,
        }
        apply_entries(self.states, &mut definition.states);
        apply_events(self.events, &mut definition.events);
        apply_actions(self.actions, &mut definition.actions);
        apply_entries(self.user, &mut definition.user.tags);
        apply_entries(self.conversation, &mut definition.conversation.tags);
        apply_entries(self.message, &mut definition.message.tags);
        let dependencies = &mut definition.dependencies;
        apply_entries(self.interfaces, &mut dependencies.interfaces);
        apply_entries(self.integrations, &mut dependencies.integrations);
        merge_attributes(self.attributes, &mut definition.attributes);
        if self.sdk_version.is_some() {
            definition.sdk_version = self.sdk_version;
        }
    }
}
