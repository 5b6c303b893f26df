//! The author of a write in a bot (the bot itself or an integration), and the tags that it may set by the
//! definitions of the bot and its integrations.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::Connection;
use serde_json::Value;

use super::{
    definitions::{BotDefinition, ChannelDefinition, CreationRule, Named, TagDefinition},
    protocol::{self, ProgramCall},
    schema_set::{InstalledIntegration, SchemaSet},
    tags::{DeclaredTags, TagPatch, Tags},
};
use crate::{
    domain::{
        App,
        end_users::AgentScope,
        tenancy::{
            members::Role,
            request_auth::{ActingInstallation, Principal, PrincipalAgent, RequestContext},
        },
    },
    kernel::{Error, Kind, Result},
    store::Sealer,
};

/// The author with the definitions of the bot and its integrations, as of one moment.
pub(in crate::domain) struct AuthorSchemas<'a> {
    bot: &'a PrincipalAgent,
    /// Integration that is the author; `None` if the bot is.
    pub(in crate::domain) integration: Option<&'a ActingInstallation>,
    schema_set: Arc<SchemaSet>,
}

/// The caller as the author of a write. It owns its data, so that a write transaction can take it along.
#[derive(Clone)]
pub(in crate::domain) struct Author {
    app: App,
    caller: Arc<Principal>,
    bot: PrincipalAgent,
}

impl Author {
    pub(in crate::domain) fn from_call(call: &RequestContext) -> Result<Self> {
        Ok(Self {
            app: call.app().clone(),
            caller: call.principal().clone(),
            bot: call.agent()?.clone(),
        })
    }

    /// Returns the bot of the call.
    pub(in crate::domain) const fn bot(&self) -> &PrincipalAgent {
        &self.bot
    }

    /// Returns the sealer of the database.
    pub(in crate::domain) fn sealer(&self) -> &Sealer {
        self.app.sealer()
    }

    /// Returns the integration that calls; `None` if the bot does.
    pub(in crate::domain) fn integration(&self) -> Option<&ActingInstallation> {
        self.caller.installation.as_ref()
    }

    /// Returns the workspace and the agent as the scope of end users.
    pub(in crate::domain) fn scope(&self) -> AgentScope {
        AgentScope {
            workspace: self.caller.workspace_id.clone(),
            agent: self.bot.id.clone(),
        }
    }

    /// Loads the definitions that the author may use, as this connection sees them.
    pub(in crate::domain) fn load_schemas<'a>(
        &'a self,
        conn: &'a Connection,
    ) -> Result<AuthorSchemas<'a>> {
        let (caller, bot) = (&self.caller, &self.bot);
        let integration = caller.installation.as_ref();
        Ok(AuthorSchemas {
            bot,
            integration,
            schema_set: SchemaSet::of_caller(&self.app, conn, caller, bot, integration)?,
        })
    }
}

impl<'a> AuthorSchemas<'a> {
    /// Returns the name of the integration that is the author; `None` if the bot is.
    pub(in crate::domain) fn integration_name(&self) -> Option<&'a str> {
        self.integration
            .map(|integration| integration.name.as_str())
    }

    /// Returns the definition of the bot.
    pub(in crate::domain) fn bot_definition(&self) -> &BotDefinition {
        &self.schema_set.bot
    }

    /// Finds an integration of the bot by name: the author itself, or any enabled one.
    pub(in crate::domain) fn find_integration(&self, name: &str) -> Option<&InstalledIntegration> {
        match self.integration {
            Some(own) if own.name == name => self.schema_set.find_by_installation(own),
            _ => self.schema_set.find_by_name(name),
        }
    }

    /// Finds an integration of the bot by its alias or name, as callers name it: the author itself, or any enabled one.
    pub(in crate::domain) fn find_by_alias(&self, alias: &str) -> Option<&InstalledIntegration> {
        match self.integration {
            Some(own) if own.is_called(alias) => self.schema_set.find_by_installation(own),
            _ => self.schema_set.find_by_alias(alias),
        }
    }

    /// True if the author is the integration with this alias or name.
    pub(in crate::domain) fn is_integration(&self, alias: &str) -> bool {
        self.integration.is_some_and(|own| own.is_called(alias))
    }

    /// Returns the integration that is the author, with its definition; `None` if the bot is.
    ///
    /// # Errors
    /// `Forbidden` if the integration was removed from the bot meanwhile.
    pub(in crate::domain) fn own_integration(&self) -> Result<Option<&InstalledIntegration>> {
        let own = |own| {
            let found = self.schema_set.find_by_installation(own);
            found.ok_or_else(|| {
                Error::new(Kind::Forbidden, "The integration is no longer installed")
            })
        };
        self.integration.map(own).transpose()
    }

    /// Returns the enabled integrations of the bot.
    pub(in crate::domain) fn integrations(&self) -> &[InstalledIntegration] {
        &self.schema_set.integrations
    }

    /// Returns a user's tags after a patch. An integration can set only tags of its own, because an
    /// integration recognizes its users by them.
    pub(in crate::domain) fn apply_user_tags(&self, old: &Tags, given: &TagPatch) -> Result<Tags> {
        self.apply_tags(
            &self.bot_definition().user.tags,
            old,
            given,
            &|name, tag| {
                let own = self.integration_name().is_none_or(|own| own == name);
                let found = self.find_integration(name).filter(|_| own);
                found.is_some_and(|found| found.definition.user.tags.contains_key(tag))
            },
        )
    }

    /// Returns the tags of a conversation in this integration and channel after a patch.
    pub(in crate::domain) fn apply_conversation_tags(
        &self,
        (integration, channel): (&str, &str),
        old: &Tags,
        given: &TagPatch,
    ) -> Result<Tags> {
        self.apply_channel_tags(
            &self.bot_definition().conversation.tags,
            (integration, channel),
            |channel| &channel.conversation.tags,
            old,
            given,
        )
    }

    /// Returns the tags of a message in a conversation of this integration and channel after a patch.
    pub(in crate::domain) fn apply_message_tags(
        &self,
        (integration, channel): (&str, &str),
        old: &Tags,
        given: &TagPatch,
    ) -> Result<Tags> {
        self.apply_channel_tags(
            &self.bot_definition().message.tags,
            (integration, channel),
            |channel| &channel.message.tags,
            old,
            given,
        )
    }

    fn apply_channel_tags(
        &self,
        bots: &Named<TagDefinition>,
        (integration, channel): (&str, &str),
        declared: impl Fn(&ChannelDefinition) -> &Named<TagDefinition>,
        old: &Tags,
        given: &TagPatch,
    ) -> Result<Tags> {
        self.apply_tags(bots, old, given, &|name, tag| {
            let found = self.find_integration(name).filter(|_| name == integration);
            let channel = found.and_then(|found| found.definition.channels.get(channel));
            channel.is_some_and(|channel| declared(channel).contains_key(tag))
        })
    }

    fn apply_tags(
        &self,
        bots: &Named<TagDefinition>,
        old: &Tags,
        given: &TagPatch,
        integration: &dyn Fn(&str, &str) -> bool,
    ) -> Result<Tags> {
        if given.is_empty() {
            return Ok(old.clone());
        }
        let declared = DeclaredTags {
            bot: bots,
            writer: self.integration_name(),
            integration,
        };
        old.apply_patch(given, &declared)
    }

    /// Checks that the bot may ask an integration to create something, and returns the request.
    pub(in crate::domain) fn delegate_creation(
        &self,
        alias: &str,
        creation: impl Fn(&InstalledIntegration) -> Result<CreationRule>,
        given: &TagPatch,
    ) -> Result<DelegatedCreation> {
        if self.integration.is_some() {
            return Err(Error::new(
                Kind::RelationConflict,
                format!("An integration cannot create objects of {alias}"),
            ));
        }
        let found = self.find_by_alias(alias);
        let found = found.ok_or_else(|| not_installed(alias))?;
        let integration = found.installation.name.as_str();
        let creation = creation(found)?;
        if !creation.enabled {
            return Err(Error::invalid(format!(
                "The integration {alias} does not let bots create this"
            )));
        }
        Tags::require_in_patch(given, integration, &creation.required_tags)?;
        let full = |name: &str| match name.contains(':') {
            true => name.to_owned(),
            false => format!("{integration}:{name}"),
        };
        let tags = given.iter().filter_map(|(name, value)| {
            let value = value.as_deref().filter(|value| !value.is_empty())?;
            Some((full(name), value.to_owned()))
        });
        Ok(DelegatedCreation {
            integration: integration.to_owned(),
            receiver: (self.bot.seq, Some(found.installation.seq)),
            tags: tags.collect(),
        })
    }
}

/// A request to an integration to create a user or a conversation for a bot.
pub(in crate::domain) struct DelegatedCreation {
    /// Name of the integration.
    pub(in crate::domain) integration: String,
    /// Row ids of the bot and of the installation.
    receiver: (i64, Option<i64>),
    /// Tags by their full names (botpress.md §4).
    pub(in crate::domain) tags: BTreeMap<String, String>,
}

impl DelegatedCreation {
    /// Calls the integration, and returns the id of the new object, which the response has in the member
    /// `member`.
    ///
    /// # Errors
    /// `Runtime` if the integration fails or declines.
    pub(in crate::domain) async fn request_creation(
        &self,
        app: &App,
        operation: &'static str,
        body: &Value,
        member: &str,
    ) -> Result<String> {
        let question = ProgramCall {
            receiver: self.receiver,
            operation,
            kind: operation,
            body,
        };
        protocol::call_and_parse(app, question, |answer| {
            let id = answer[member]["id"].as_str();
            // wire: an empty answer means that the integration declines (botpress.md §4)
            let declined = || {
                format!(
                    "The integration {} declined to create a {member}",
                    self.integration
                )
            };
            id.map(str::to_owned).ok_or_else(declined)
        })
        .await
    }

    /// Returns the error for a response that names an object that does not exist.
    pub(in crate::domain) fn result_not_found(&self, member: &str, id: &str) -> Error {
        let text = format!(
            "The integration {} has returned the {member} {id}, which does not exist",
            self.integration
        );
        protocol::runtime_error(text)
    }
}

/// Checks that the caller's role allows writes in a bot.
pub(in crate::domain) fn require_write(call: &RequestContext) -> Result<()> {
    call.require_role(Role::Developer)
}

/// Returns the error for the name of an integration that is not enabled in the bot.
pub(in crate::domain) fn not_installed(integration: &str) -> Error {
    Error::new(
        Kind::ReferenceNotFound,
        format!("The integration {integration} is not installed in the bot"),
    )
}
