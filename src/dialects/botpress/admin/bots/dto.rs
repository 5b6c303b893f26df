//! DTOs of bots: the response shape and the body of a create.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use super::plugins_dto::BotPluginDto;
use crate::{
    dialects::botpress::{
        admin::{
            definitions_dto::{
                BotStateDefinition, EventDefinition, TagSetDto, TagSetRequest, parse_schema,
                schema_to_dto,
            },
            installations_dto::BotIntegration,
            integrations::{
                dto::{ActionDefinition, convert_values},
                request::action_to_domain,
            },
        },
        settings::BaseUrls,
    },
    domain::bots::{
        definitions::{self, BotDefinition, DeclaredSchema},
        installations::Installation,
        manage::{self, NewBot},
        plugins::BotPlugin,
    },
    http::{JsonObject, Nullable},
    kernel::{Result, schema::Limits},
};

/// Id in every example.
const EXAMPLE_ID: &str = "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21";
/// Time in every example.
const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Bot {
    /// Id of the bot.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Secret that signs deliveries to the bot.
    signing_secret: String,
    /// Installed integrations, by id or alias.
    integrations: BTreeMap<String, BotIntegration>,
    /// Tags of the bot's users.
    user: TagSetDto,
    /// Tags of the bot's conversations.
    conversation: TagSetDto,
    /// Tags of the bot's messages.
    message: TagSetDto,
    /// State definitions, by name.
    states: BTreeMap<String, BotStateDefinition>,
    /// Configuration of the bot.
    configuration: BotConfiguration,
    /// Event definitions, by name.
    events: BTreeMap<String, EventDefinition>,
    /// Recurring events, by name.
    recurring_events: BTreeMap<String, RecurringEvent>,
    /// Action definitions, by name.
    actions: BTreeMap<String, ActionDefinition>,
    /// Events that the bot wants.
    subscriptions: Subscriptions,
    /// Tags of the bot itself. They have no effect.
    tags: BTreeMap<String, String>,
    /// True if the bot asked to be always alive. It has no effect.
    always_alive: bool,
    /// Status of the bot.
    status: BotStatus,
    /// Plugins, by alias. Their definitions are among those of the bot, under the names `ALIAS#name`.
    plugins: BTreeMap<String, BotPluginDto>,
    /// Name of the bot.
    name: String,
    /// Time of the last deployment, in ISO 8601.
    #[oai(skip_serializing_if_is_none)]
    deployed_at: Option<String>,
    /// True if the bot is in development.
    dev: bool,
    /// Id of the account that created the bot.
    #[oai(skip_serializing_if_is_none)]
    created_by: Option<String>,
    /// Media files.
    medias: Vec<Media>,
    /// Names of the bot's secrets.
    // wire: not on the reference page (botpress.md §0); the vendor's CLI does not ask again for secrets in
    // this list
    secrets: Vec<String>,
}

/// The events that a bot wants. They have no effect: a bot gets all events.
#[derive(Object)]
pub struct Subscriptions {
    /// Types of events; null means all.
    pub events: Nullable<BTreeMap<String, JsonObject>>,
}

/// Status of a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum BotStatus {
    /// The bot can be called.
    Active,
}

/// The configuration of a bot.
#[derive(Object)]
struct BotConfiguration {
    /// Configuration data.
    data: JsonObject,
    /// JSON Schema of the data.
    schema: JsonObject,
}

/// An event that recurs on a schedule.
#[derive(Object)]
pub struct RecurringEvent {
    /// Schedule of the event.
    schedule: CronSchedule,
    /// Type of the event.
    r#type: String,
    /// Payload of the event.
    payload: JsonObject,
}

impl From<RecurringEvent> for definitions::RecurringEvent {
    fn from(event: RecurringEvent) -> Self {
        Self {
            cron: event.schedule.cron,
            kind: event.r#type,
            payload: event.payload.0,
        }
    }
}

/// A schedule.
#[derive(Object)]
struct CronSchedule {
    /// Cron expression with five fields, in UTC.
    cron: String,
}

/// A media file.
#[derive(Object)]
pub struct Media {
    /// Address of the file.
    url: String,
    /// Name of the file.
    name: String,
}

impl From<Media> for manage::Media {
    fn from(media: Media) -> Self {
        Self {
            url: media.url,
            name: media.name,
        }
    }
}

impl Bot {
    /// Converts a bot. The addresses are those at which the caller reaches this server.
    pub fn new(addresses: &BaseUrls, bot: manage::Bot) -> Self {
        let definition = bot.definition.with_plugins(bot.plugin_definition);
        let recurring = |event: definitions::RecurringEvent| RecurringEvent {
            schedule: CronSchedule { cron: event.cron },
            r#type: event.kind,
            payload: JsonObject(event.payload),
        };
        let installed = |installation: Installation| {
            let id = installation.integration_id.to_string();
            let key = installation.alias.clone().unwrap_or(id);
            (key, BotIntegration::new(addresses, installation))
        };
        let tags = definition.tags.into_iter();
        let plugin = |plugin: BotPlugin| {
            let alias = plugin.alias.clone();
            (alias, BotPluginDto::new(&addresses.server, plugin))
        };
        Self {
            id: bot.id.to_string(),
            created_at: bot.created_at.to_rfc3339_millis(),
            updated_at: bot.updated_at.to_rfc3339_millis(),
            signing_secret: bot.signing_secret.expose().to_owned(),
            integrations: bot.installations.into_iter().map(installed).collect(),
            user: definition.user.into(),
            conversation: definition.conversation.into(),
            message: definition.message.into(),
            states: convert_values(definition.states),
            configuration: BotConfiguration {
                data: JsonObject(bot.configuration),
                schema: schema_to_dto(&definition.configuration),
            },
            events: convert_values(definition.events),
            recurring_events: definition
                .recurring_events
                .into_iter()
                .map(|(name, event)| (name, recurring(event)))
                .collect(),
            actions: convert_values(definition.actions),
            subscriptions: Subscriptions {
                events: Nullable(definition.subscriptions.map(|types| {
                    let types = types.into_iter();
                    types.map(|kind| (kind, JsonObject::default())).collect()
                })),
            },
            tags: tags
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            always_alive: definition.always_alive.unwrap_or(false),
            status: BotStatus::Active,
            plugins: bot.plugins.into_iter().map(plugin).collect(),
            name: bot.name,
            deployed_at: bot.deployed_at.map(|at| at.to_rfc3339_millis()),
            dev: bot.dev,
            created_by: bot.created_by.map(|account| account.to_string()),
            medias: bot
                .medias
                .into_iter()
                .map(|media| Media {
                    url: media.url,
                    name: media.name,
                })
                .collect(),
            secrets: bot.secrets,
        }
    }
}

/// One bot.
#[derive(Object)]
#[oai(example, rename = "BotResponse")]
pub struct BotResponse {
    /// The bot.
    pub bot: Bot,
}

impl Example for BotResponse {
    fn example() -> Self {
        Self {
            bot: Bot {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                signing_secret: "c0ffee…".to_owned(),
                integrations: BTreeMap::new(),
                user: TagSetDto::default(),
                conversation: TagSetDto::default(),
                message: TagSetDto::default(),
                states: BTreeMap::new(),
                configuration: BotConfiguration {
                    data: JsonObject::default(),
                    schema: JsonObject::default(),
                },
                events: BTreeMap::new(),
                recurring_events: BTreeMap::new(),
                actions: BTreeMap::new(),
                subscriptions: Subscriptions {
                    events: Nullable(None),
                },
                tags: BTreeMap::new(),
                always_alive: false,
                status: BotStatus::Active,
                plugins: BTreeMap::new(),
                name: "support".to_owned(),
                deployed_at: None,
                dev: false,
                created_by: None,
                medias: Vec::new(),
                secrets: Vec::new(),
            },
        }
    }
}

/// A new bot.
#[derive(Object)]
#[oai(example, rename = "createBotBody", rename_all = "camelCase")]
pub struct CreateBotBody {
    /// State definitions, by name.
    states: Option<BTreeMap<String, BotStateDefinition>>,
    /// Event definitions, by name.
    events: Option<BTreeMap<String, EventDefinition>>,
    /// Recurring events, by name.
    recurring_events: Option<BTreeMap<String, RecurringEvent>>,
    /// Action definitions, by name.
    actions: Option<BTreeMap<String, ActionDefinition>>,
    /// Configuration of the bot.
    configuration: Option<BotConfigurationRequest>,
    /// Tags of the bot's users.
    user: Option<TagSetRequest>,
    /// Tags of the bot's conversations.
    conversation: Option<TagSetRequest>,
    /// Tags of the bot's messages.
    message: Option<TagSetRequest>,
    /// Code of the bot: a CommonJS bundle that exports `handler`.
    code: Option<String>,
    /// Name of the bot; generated if absent.
    #[oai(validator(min_length = 1))]
    name: Option<String>,
    /// Media files.
    medias: Option<Vec<Media>>,
    /// Address at which a bot in development runs.
    url: Option<String>,
    /// True if the bot is in development.
    dev: Option<bool>,
}

/// Configuration of a bot in a request.
#[derive(Object, Default)]
#[oai(rename = "GivenBotConfiguration")]
pub struct BotConfigurationRequest {
    /// Configuration data.
    pub data: Option<JsonObject>,
    /// JSON Schema of the data.
    pub schema: Option<JsonObject>,
}

impl Example for CreateBotBody {
    fn example() -> Self {
        Self {
            states: None,
            events: None,
            recurring_events: None,
            actions: None,
            configuration: None,
            user: None,
            conversation: None,
            message: None,
            code: None,
            name: Some("support".to_owned()),
            medias: None,
            url: None,
            dev: None,
        }
    }
}

impl CreateBotBody {
    /// Converts the body.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid.
    pub fn into_new_bot(self, limits: &Limits) -> Result<NewBot> {
        let mut definition = BotDefinition {
            user: self.user.unwrap_or_default().into(),
            conversation: self.conversation.unwrap_or_default().into(),
            message: self.message.unwrap_or_default().into(),
            ..BotDefinition::default()
        };
        for (name, state) in self.states.unwrap_or_default() {
            let state = state.into_domain(&name, limits)?;
            definition.states.insert(name, state);
        }
        for (name, event) in self.events.unwrap_or_default() {
            let event = event.into_domain(&name, limits)?;
            definition.events.insert(name, event);
        }
        for (name, event) in self.recurring_events.unwrap_or_default() {
            definition.recurring_events.insert(name, event.into());
        }
        for (name, action) in self.actions.unwrap_or_default() {
            let action = action_to_domain(action, &name, limits)?;
            definition.actions.insert(name, action);
        }
        let BotConfigurationRequest { data, schema } = self.configuration.unwrap_or_default();
        definition.configuration = match schema {
            Some(schema) => parse_schema(schema, "configuration.schema", limits)?,
            None => DeclaredSchema::default(),
        };
        let medias = self.medias.unwrap_or_default().into_iter();
        Ok(NewBot {
            name: self.name,
            definition,
            configuration: data.map(|data| data.0),
            code: self.code,
            medias: medias.map(Into::into).collect(),
            url: self.url,
            dev: self.dev.unwrap_or(false),
        })
    }
}
