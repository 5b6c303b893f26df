//! DTOs for updates, transfers and lists of bots.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use super::{
    dto::{BotConfigurationRequest, Media, RecurringEvent, Subscriptions},
    plugins_dto::BotPluginRequest,
};
use crate::{
    dialects::botpress::{
        admin::{
            definitions_dto::{
                BotStateDefinition, EventDefinition, Patches, TagSetPatch, parse_schema,
                patches_to_domain, tag_patches_to_domain,
            },
            installations_dto::InstallationRequest,
            integrations::{dto::ActionDefinition, request::action_to_domain},
            packages_dto::{AttributesDto, attributes_to_domain},
        },
        paging::PageMeta,
    },
    domain::{
        bots::{
            definitions::{self, BotDefinitionPatch},
            manage::{self, BotPatch},
        },
        shared::paging::Page,
    },
    http::{JsonObject, Nullable},
    kernel::{Patch, Result, Secret, schema::Limits},
};

/// An update of a bot. Absent fields keep their value; null removes a named entry.
#[derive(Object, Default)]
#[oai(example, rename = "updateBotBody", rename_all = "camelCase")]
pub struct UpdateBotBody {
    /// Address at which a bot in development runs.
    url: Option<String>,
    /// Authentication of the bot's users.
    authentication: Option<Authentication>,
    /// Configuration of the bot.
    configuration: Option<BotConfigurationRequest>,
    /// True to stop the bot.
    blocked: Option<bool>,
    /// Tags of the bot's users.
    user: Option<TagSetPatch>,
    /// Tags of the bot's messages.
    message: Option<TagSetPatch>,
    /// Tags of the bot's conversations.
    conversation: Option<TagSetPatch>,
    /// Event definitions, by name.
    events: Option<Patches<EventDefinition>>,
    /// State definitions, by name.
    states: Option<Patches<BotStateDefinition>>,
    /// Action definitions, by name.
    actions: Option<Patches<ActionDefinition>>,
    /// Recurring events, by name.
    recurring_events: Option<Patches<RecurringEvent>>,
    /// Installed integrations, by id or alias.
    integrations: Option<Patches<InstallationRequest>>,
    /// Events that the bot wants. They have no effect: a bot gets all events.
    subscriptions: Option<Subscriptions>,
    /// Tags of the bot itself; null removes one. They have no effect.
    tags: Option<AttributesDto>,
    /// True if the bot shall be always alive. It has no effect.
    always_alive: Option<bool>,
    /// Plugins, by alias.
    plugins: Option<Patches<BotPluginRequest>>,
    /// Code of the bot: a CommonJS bundle that exports `handler`.
    code: Option<String>,
    /// Name of the bot.
    #[oai(validator(min_length = 1))]
    name: Option<String>,
    /// Media files. The list replaces the existing one.
    medias: Option<Vec<Media>>,
    /// Secrets that the code reads from its environment, by name. They are never returned.
    secrets: Option<BTreeMap<String, Nullable<String>>>,
}

/// Authentication of a bot's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Authentication {
    /// Accounts of the vendor.
    Iam,
}

impl Example for UpdateBotBody {
    fn example() -> Self {
        Self {
            name: Some("support".to_owned()),
            ..Self::default()
        }
    }
}

impl UpdateBotBody {
    /// Converts the body. Webhook addresses begin with `webhooks`.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid.
    pub fn into_update(self, webhooks: String, limits: &Limits) -> Result<BotPatch> {
        let BotConfigurationRequest { data, schema } = self.configuration.unwrap_or_default();
        let schema = schema.map(|schema| parse_schema(schema, "configuration.schema", limits));
        let tags =
            |tagged: Option<TagSetPatch>| tag_patches_to_domain(tagged.unwrap_or_default().tags);
        let recurring =
            |event: RecurringEvent, _: &str| Ok(definitions::RecurringEvent::from(event));
        let integrations = self.integrations.unwrap_or_default().into_iter();
        let plugins = self.plugins.unwrap_or_default().into_iter();
        let medias = self.medias.map(|medias| medias.into_iter());
        Ok(BotPatch {
            name: self.name,
            definition: BotDefinitionPatch {
                user: tags(self.user),
                conversation: tags(self.conversation),
                message: tags(self.message),
                states: patches_to_domain(self.states, |state, name| {
                    state.into_domain(name, limits)
                })?,
                events: patches_to_domain(self.events, |event, name| {
                    event.into_domain(name, limits)
                })?,
                actions: patches_to_domain(self.actions, |action, name| {
                    action_to_domain(action, name, limits)
                })?,
                recurring_events: patches_to_domain(self.recurring_events, recurring)?,
                configuration: schema.transpose()?,
                tags: attributes_to_domain(self.tags),
                subscriptions: match self.subscriptions {
                    None => Patch::Absent,
                    Some(Subscriptions {
                        events: Nullable(None),
                    }) => Patch::Null,
                    Some(Subscriptions {
                        events: Nullable(Some(types)),
                    }) => Patch::Value(types.into_keys().collect()),
                },
                always_alive: self.always_alive,
            },
            new_definition: None,
            configuration: data.map(|JsonObject(data)| data),
            integrations: integrations
                .map(|(key, Nullable(given))| (key, given.map(Into::into)))
                .collect(),
            plugins: plugins
                .map(|(alias, Nullable(given))| (alias, given.map(Into::into)))
                .collect(),
            code: self.code,
            url: self.url,
            medias: medias.map(|medias| medias.map(Into::into).collect()),
            authentication: self
                .authentication
                .map(|authentication| match authentication {
                    Authentication::Iam => manage::AuthenticationMethod::Iam,
                }),
            blocked: self.blocked,
            secrets: self
                .secrets
                .unwrap_or_default()
                .into_iter()
                .map(|(name, Nullable(value))| (name, value.map(Secret::new)))
                .collect(),
            webhooks,
        })
    }
}

/// The target of a transfer.
#[derive(Object)]
#[oai(example, rename = "transferBotBody", rename_all = "camelCase")]
pub struct TransferBotBody {
    /// Id of the target workspace.
    #[oai(validator(min_length = 28))]
    pub target_workspace_id: String,
}

impl Example for TransferBotBody {
    fn example() -> Self {
        Self {
            target_workspace_id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
        }
    }
}

/// A bot in a list.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct BotSummary {
    /// Id of the bot.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Name of the bot.
    name: String,
    /// Time of the last deployment, in ISO 8601.
    #[oai(skip_serializing_if_is_none)]
    deployed_at: Option<String>,
}

/// A page of bots.
#[derive(Object)]
#[oai(example, rename = "listBotsResponse")]
pub struct ListBotsResponse {
    /// The bots, newest first.
    bots: Vec<BotSummary>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for ListBotsResponse {
    fn example() -> Self {
        Self {
            bots: vec![BotSummary {
                id: "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned(),
                created_at: "2026-01-31T09:30:00.000Z".to_owned(),
                updated_at: "2026-01-31T09:30:00.000Z".to_owned(),
                name: "support".to_owned(),
                deployed_at: None,
            }],
            meta: PageMeta::default(),
        }
    }
}

impl From<Page<manage::Summary>> for ListBotsResponse {
    fn from(page: Page<manage::Summary>) -> Self {
        let shown = |bot: manage::Summary| BotSummary {
            id: bot.id.to_string(),
            created_at: bot.created_at.to_rfc3339_millis(),
            updated_at: bot.updated_at.to_rfc3339_millis(),
            name: bot.name,
            deployed_at: bot.deployed_at.map(|at| at.to_rfc3339_millis()),
        };
        Self {
            bots: page.items.into_iter().map(shown).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}
