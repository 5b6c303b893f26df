//! What a version of an integration declares.

use serde::{Deserialize, Serialize};

use super::{DeclaredSchema, Event, Named, State, Tag, TagSet, check_identifier, check_tag};
use crate::kernel::{Error, Kind, Result, Rule, Violation};

/// The longest name of a configuration, in bytes.
const CONFIGURATION_NAME_MAX: usize = 200;

/// What a version of an integration declares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IntegrationDefinition {
    /// How a bot configures it.
    pub configuration: Configuration,
    /// The ways to configure it that a bot can choose instead, by name.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub configurations: Named<Configuration>,
    /// How a request to its shared webhook finds an installation.
    pub identifier: WebhookIdentifier,
    /// Channels.
    pub channels: Named<Channel>,
    /// States.
    pub states: Named<State>,
    /// Events that it tells bots of.
    pub events: Named<Event>,
    /// What bots can ask it to do.
    pub actions: Named<Action>,
    /// Its users.
    pub user: UserTags,
}

/// How a bot configures an integration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Configuration {
    /// Its name for people: at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A description of at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the configuration must keep to.
    pub schema: DeclaredSchema,
    /// How an installation is linked with an account elsewhere.
    pub identifier: LinkTemplate,
}

/// How an installation is linked with an account elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LinkTemplate {
    /// A VRL script that makes the address that a user follows.
    pub link_template_script: Option<String>,
    /// Whether it has to be linked to work.
    pub required: bool,
}

/// How a request to an integration's shared webhook finds an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WebhookIdentifier {
    /// A VRL script that takes the identifier out of the request.
    pub extract_script: Option<String>,
    /// A VRL script that answers where there is none.
    pub fallback_handler_script: Option<String>,
}

/// A channel: a way to talk with users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Channel {
    /// Its name for people: at most 64 characters.
    pub title: Option<String>,
    /// A description of at most 256 characters.
    pub description: Option<String>,
    /// The types of message that can be sent, each with what its payload must keep to.
    pub messages: Named<DeclaredSchema>,
    /// Its conversations.
    pub conversation: ConversationTags,
    /// Its messages.
    pub message: TagSet,
}

/// The conversations of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationTags {
    /// Their tags.
    pub tags: Named<Tag>,
    /// Whether bots can have some made.
    pub creation: Creation,
}

/// The users of an integration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserTags {
    /// Their tags.
    pub tags: Named<Tag>,
    /// Whether bots can have some made.
    pub creation: Creation,
}

/// Whether bots can have a user or a conversation made, and with which tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Creation {
    /// Whether they can.
    pub enabled: bool,
    /// The tags that must be given.
    pub required_tags: Vec<String>,
}

/// What bots can ask an integration to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Its name for people: at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does: at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is to be given.
    pub input: DeclaredSchema,
    /// What comes back.
    pub output: DeclaredSchema,
}

impl IntegrationDefinition {
    /// The configuration of this type: the default one without a type; none for an unknown type.
    #[must_use]
    pub fn configuration_of(&self, kind: Option<&str>) -> Option<&Configuration> {
        match kind {
            None => Some(&self.configuration),
            Some(kind) => self.configurations.get(kind),
        }
    }

    /// Checks the names that the integration's developer has chosen, and that the tags that it requires
    /// are its own. Scripts are checked apart ([`Self::check_scripts`]).
    ///
    /// # Errors
    /// `InvalidIdentifier`, `Invalid`.
    pub fn check(&self) -> Result<()> {
        let check = |place: &str, names: Vec<&String>| {
            names
                .into_iter()
                .try_for_each(|name| check_identifier(name, place))
        };
        self.configurations.keys().try_for_each(check_type)?;
        let check_tags = |place: &str, tags: &Named<Tag>| {
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
        Ok(())
    }
}

/// Checks the name of a configuration: integrations get it in a header. It is no identifier for the vendor.
fn check_type(name: &String) -> Result<()> {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if letters && (1..=CONFIGURATION_NAME_MAX).contains(&name.len()) {
        return Ok(());
    }
    let text = format!(
        "configurations: {name:?} must have 1 to {CONFIGURATION_NAME_MAX} letters, digits, hyphens, \
         underscores or dots"
    );
    Err(Error::new(Kind::InvalidIdentifier, text))
}

impl Creation {
    /// Checks that the tags that must be given, listed as the member `name`, are declared.
    fn check(&self, declared: &Named<Tag>, name: &str) -> Result<()> {
        let unknown = |tag: &&String| !declared.contains_key(tag.as_str());
        match self.required_tags.iter().find(unknown) {
            Some(tag) => {
                let rule = Rule::Other(format!("must be declared tags: {tag:?} is none"));
                Err(Violation::body(name.split('.'), rule).into())
            }
            None => Ok(()),
        }
    }
}
