//! Changes of bots, and lists of them, as wire types.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use super::{
    bots_wire::{GivenBotConfiguration, Media, RecurringEvent},
    definitions_wire::{
        BotStateDefinition, EventDefinition, Patches, TaggedPatch, given_patches, given_schema,
        given_tag_patches,
    },
    installations_wire::GivenInstallation,
    paging::Meta,
};
use crate::{
    domain::{
        bots::{
            definitions::{self, BotDefinitionPatch},
            manage::{self, Update},
        },
        shared::paging::Page,
    },
    http::{JsonObject, Nullable},
    kernel::{Result, Secret, schema::Limits},
};

/// What of a bot is to be changed. What is absent stays; null removes a thing by name.
#[derive(Object, Default)]
#[oai(example, rename = "updateBotBody", rename_all = "camelCase")]
pub struct UpdateBotBody {
    /// Where it runs, for one in development.
    url: Option<String>,
    /// How it asks who someone is.
    authentication: Option<Authentication>,
    /// Its configuration.
    configuration: Option<GivenBotConfiguration>,
    /// Whether it is stopped.
    blocked: Option<bool>,
    /// The tags of its users.
    user: Option<TaggedPatch>,
    /// The tags of its messages.
    message: Option<TaggedPatch>,
    /// The tags of its conversations.
    conversation: Option<TaggedPatch>,
    /// Its events, by name.
    events: Option<Patches<EventDefinition>>,
    /// Its states, by name.
    states: Option<Patches<BotStateDefinition>>,
    /// Its recurring events, by name.
    recurring_events: Option<Patches<RecurringEvent>>,
    /// Its integrations, by their ids or by aliases.
    integrations: Option<Patches<GivenInstallation>>,
    /// Its code: a CommonJS bundle that exports `handler`.
    code: Option<String>,
    /// Its name.
    #[oai(validator(min_length = 1))]
    name: Option<String>,
    /// Media files, all of them.
    medias: Option<Vec<Media>>,
    /// Secrets that its code finds in its environment, by name. They are never shown.
    secrets: Option<BTreeMap<String, Nullable<String>>>,
}

/// How a bot asks who someone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Authentication {
    /// By the vendor's own accounts.
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
    /// The change, whose webhooks have addresses that begin with `webhooks`.
    ///
    /// # Errors
    /// `InvalidSchema` for a schema that is none.
    pub fn given(self, webhooks: String, limits: &Limits) -> Result<Update> {
        let GivenBotConfiguration { data, schema } = self.configuration.unwrap_or_default();
        let schema = schema.map(|schema| given_schema(schema, "configuration.schema", limits));
        let tags = |tagged: Option<TaggedPatch>| given_tag_patches(tagged.unwrap_or_default().tags);
        let recurring =
            |event: RecurringEvent, _: &str| Ok(definitions::RecurringEvent::from(event));
        let integrations = self.integrations.unwrap_or_default().into_iter();
        let medias = self.medias.map(|medias| medias.into_iter());
        Ok(Update {
            name: self.name,
            definition: BotDefinitionPatch {
                user: tags(self.user),
                conversation: tags(self.conversation),
                message: tags(self.message),
                states: given_patches(self.states, |state, name| state.given(name, limits))?,
                events: given_patches(self.events, |event, name| event.given(name, limits))?,
                recurring_events: given_patches(self.recurring_events, recurring)?,
                configuration: schema.transpose()?,
            },
            configuration: data.map(|JsonObject(data)| data),
            integrations: integrations
                .map(|(key, Nullable(given))| (key, given.map(Into::into)))
                .collect(),
            code: self.code,
            url: self.url,
            medias: medias.map(|medias| medias.map(Into::into).collect()),
            authentication: self
                .authentication
                .map(|authentication| match authentication {
                    Authentication::Iam => manage::Authentication::Iam,
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

/// Where a bot is to go.
#[derive(Object)]
#[oai(example, rename = "transferBotBody", rename_all = "camelCase")]
pub struct TransferBotBody {
    /// The id of the workspace that it is to be given to.
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
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
    /// Its name.
    name: String,
    /// When code was last deployed, in ISO 8601.
    #[oai(skip_serializing_if_is_none)]
    deployed_at: Option<String>,
}

/// A page of bots.
#[derive(Object)]
#[oai(example, rename = "listBotsResponse")]
pub struct ListBotsResponse {
    /// The bots, newest first.
    bots: Vec<BotSummary>,
    /// Where the next page is.
    meta: Meta,
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
            meta: Meta::default(),
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
            meta: Meta::new(page.next),
        }
    }
}
