//! The definition of one version of an integration.

use serde::{Deserialize, Serialize};

use super::{
    Attributes, DeclaredSchema, EntityDefinition, EventDefinition, InterfaceImplementation, Named,
    StateDefinition, TagDefinition, TagSet,
    attributes::{check_attributes, check_attributes_of},
    check_identifier, check_tag,
    interface::check_entities,
};
use crate::kernel::{Error, Kind, Result, Rule, Violation};

/// Maximum length of a configuration's name, in bytes.
const MAX_CONFIGURATION_NAME_BYTES: usize = 200;

/// The definition of one version of an integration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IntegrationDefinition {
    /// Default configuration.
    pub configuration: ConfigurationDefinition,
    /// Alternative configurations that a bot can choose, by name.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub configurations: Named<ConfigurationDefinition>,
    /// Routing of requests from the shared webhook to an installation.
    pub identifier: WebhookIdentifier,
    /// Channels.
    pub channels: Named<ChannelDefinition>,
    /// States.
    pub states: Named<StateDefinition>,
    /// Events that the integration sends to bots.
    pub events: Named<EventDefinition>,
    /// Actions that bots can call.
    pub actions: Named<ActionDefinition>,
    /// Tags and creation rule of its users.
    pub user: UserTags,
    /// Entities: kinds of object that interfaces refer to.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub entities: Named<EntityDefinition>,
    /// Implementations of interfaces, by the keys of the vendor's SDK: `NAME` or `NAME<entity,entity>`.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub interfaces: Named<InterfaceImplementation>,
    /// Attributes; stored for clients, without effect.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// One way to configure an integration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConfigurationDefinition {
    /// Display name, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Schema of the configuration.
    pub schema: DeclaredSchema,
    /// Link between an installation and an external account.
    pub identifier: LinkTemplate,
}

/// The link between an installation and an external account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LinkTemplate {
    /// VRL script that renders the address for the user to open.
    pub link_template_script: Option<String>,
    /// True if the installation works only after it is linked.
    pub required: bool,
}

/// Rules that map a request on the shared webhook to an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WebhookIdentifier {
    /// VRL script that extracts the identifier from the request.
    pub extract_script: Option<String>,
    /// VRL script that renders the response if no installation matches.
    pub fallback_handler_script: Option<String>,
}

/// A channel, such as direct messages, through which users and bots talk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelDefinition {
    /// Display name, at most 64 characters.
    pub title: Option<String>,
    /// Description, at most 256 characters.
    pub description: Option<String>,
    /// Message types that the channel can send, each with the schema of its payload.
    pub messages: Named<DeclaredSchema>,
    /// Tags and creation rule of its conversations.
    pub conversation: ConversationTags,
    /// Tags of its messages.
    pub message: TagSet,
}

/// Tags and creation rule of a channel's conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationTags {
    /// Declared tags.
    pub tags: Named<TagDefinition>,
    /// Rule for creation by bots.
    pub creation: CreationRule,
}

/// Tags and creation rule of an integration's users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserTags {
    /// Declared tags.
    pub tags: Named<TagDefinition>,
    /// Rule for creation by bots.
    pub creation: CreationRule,
}

/// The rule for bots that ask an integration to create a user or a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreationRule {
    /// True if bots may ask.
    pub enabled: bool,
    /// Names of the tags that the request must have.
    pub required_tags: Vec<String>,
}

/// An action that bots can call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionDefinition {
    /// Display name, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True if calls have a cost; stored for clients, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billable: Option<bool>,
    /// True if outputs can be cached by their input; stored for clients, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cacheable: Option<bool>,
    /// Schema of the input.
    pub input: DeclaredSchema,
    /// Schema of the output.
    pub output: DeclaredSchema,
    /// Attributes; stored for clients, without effect.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl IntegrationDefinition {
    /// Returns the configuration with this name; the default one for `None`. Returns `None` if it is unknown.
    #[must_use]
    pub fn find_configuration(&self, kind: Option<&str>) -> Option<&ConfigurationDefinition> {
        match kind {
            None => Some(&self.configuration),
            Some(kind) => self.configurations.get(kind),
        }
    }

    /// Validates the names that the developer chose, and that required tags are declared.
    /// [`Self::check_scripts`] validates the scripts.
    ///
    /// # Errors
    /// `InvalidIdentifier` for a bad name, `Invalid` for a required tag that is not declared.
    pub fn check(&self) -> Result<()> {
        let check = |place: &str, names: Vec<&String>| {
            names
                .into_iter()
                .try_for_each(|name| check_identifier(name, place))
        };
        self.configurations
            .keys()
            .try_for_each(check_configuration_name)?;
        let check_tags = |place: &str, tags: &Named<TagDefinition>| {
            tags.keys().try_for_each(|name| check_tag(name, place))
        };
        check_tags("user.tags", &self.user.tags)?;
        check("states", self.states.keys().collect())?;
        check("events", self.events.keys().collect())?;
        check("actions", self.actions.keys().collect())?;
        check("channels", self.channels.keys().collect())?;
        for (name, channel) in &self.channels {
            let place = |member: &str| format!("channels.{name}.{member}");
            check(&place("messages"), channel.messages.keys().collect())?;
            check_tags(&place("message.tags"), &channel.message.tags)?;
            check_tags(&place("conversation.tags"), &channel.conversation.tags)?;
            let conversation = &channel.conversation;
            let required = place("conversation.creation.requiredTags");
            conversation.creation.check(&conversation.tags, &required)?;
        }
        let user = &self.user;
        user.creation
            .check(&user.tags, "user.creation.requiredTags")?;
        check_entities(&self.entities)?;
        check_attributes(&self.attributes, "attributes")?;
        check_attributes_of(&self.events, "events", |event| &event.attributes)?;
        check_attributes_of(&self.actions, "actions", |action| &action.attributes)
    }
}

/// Checks the name of a configuration. Integrations receive it in a header. The vendor's rules for
/// identifiers do not apply to it.
fn check_configuration_name(name: &String) -> Result<()> {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if letters && (1..=MAX_CONFIGURATION_NAME_BYTES).contains(&name.len()) {
        return Ok(());
    }
    let text = format!(
        "configurations: {name:?} must have 1 to {MAX_CONFIGURATION_NAME_BYTES} letters, digits, hyphens, \
         underscores or dots"
    );
    Err(Error::new(Kind::InvalidIdentifier, text))
}

impl CreationRule {
    /// Checks that the required tags are declared. `name` is the path of the list in the body.
    fn check(&self, declared: &Named<TagDefinition>, name: &str) -> Result<()> {
        let unknown = |tag: &&String| !declared.contains_key(tag.as_str());
        match self.required_tags.iter().find(unknown) {
            Some(tag) => {
                let rule = Rule::Other(format!("must be declared tags: {tag:?} is not declared"));
                Err(Violation::body(name.split('.'), rule).into())
            }
            None => Ok(()),
        }
    }
}
