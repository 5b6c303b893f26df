//! Bots as Botpress shows and takes them.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::Example};

use super::{
    definitions_wire::{
        BotStateDefinition, EventDefinition, GivenTagged, Tagged, given_schema, shown_schema,
    },
    installations_wire::BotIntegration,
    settings::Addresses,
};
use crate::{
    domain::bots::{
        definitions::{self, BotDefinition, DeclaredSchema},
        installations::Installation,
        manage::{self, NewBot},
    },
    http::JsonObject,
    kernel::{Result, schema::Limits},
};

/// The id in every example.
const EXAMPLE_ID: &str = "4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21";
/// The time in every example.
const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Bot {
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
    /// What deliveries to it are signed with.
    signing_secret: String,
    /// The integrations that are installed in it, by their ids or the aliases they were given.
    integrations: BTreeMap<String, BotIntegration>,
    /// The tags of its users.
    user: Tagged,
    /// The tags of its conversations.
    conversation: Tagged,
    /// The tags of its messages.
    message: Tagged,
    /// Its states, by name.
    states: BTreeMap<String, BotStateDefinition>,
    /// Its configuration.
    configuration: BotConfiguration,
    /// Its events, by name.
    events: BTreeMap<String, EventDefinition>,
    /// Its recurring events, by name.
    recurring_events: BTreeMap<String, RecurringEvent>,
    /// Its name.
    name: String,
    /// When code was last deployed, in ISO 8601.
    #[oai(skip_serializing_if_is_none)]
    deployed_at: Option<String>,
    /// Whether it is in development.
    dev: bool,
    /// The id of the account that made it.
    #[oai(skip_serializing_if_is_none)]
    created_by: Option<String>,
    /// Media files.
    medias: Vec<Media>,
    /// The names of its secrets.
    // wire: not in the seed; the command line does not ask again for those that it finds here
    secrets: Vec<String>,
}

/// The configuration of a bot.
#[derive(Object)]
struct BotConfiguration {
    /// The configuration.
    data: JsonObject,
    /// The JSON Schema that it keeps to.
    schema: JsonObject,
}

/// An event that happens again and again.
#[derive(Object)]
pub struct RecurringEvent {
    /// When.
    schedule: CronSchedule,
    /// The type of the event.
    r#type: String,
    /// Its payload.
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

/// When something happens again and again.
#[derive(Object)]
struct CronSchedule {
    /// A cron expression of five fields, in UTC.
    cron: String,
}

/// A media file.
#[derive(Object)]
pub struct Media {
    /// Its address.
    url: String,
    /// Its name.
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
    /// A bot, as a caller reaches it at these addresses.
    pub fn at(addresses: &Addresses, bot: manage::Bot) -> Self {
        let definition = bot.definition;
        let recurring = |event: definitions::RecurringEvent| RecurringEvent {
            schedule: CronSchedule { cron: event.cron },
            r#type: event.kind,
            payload: JsonObject(event.payload),
        };
        let installed = |installation: Installation| {
            let id = installation.integration_id.to_string();
            let key = installation.alias.clone().unwrap_or(id);
            (key, BotIntegration::at(addresses, installation))
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
            states: shown(definition.states),
            configuration: BotConfiguration {
                data: JsonObject(bot.configuration),
                schema: shown_schema(&definition.configuration),
            },
            events: shown(definition.events),
            recurring_events: definition
                .recurring_events
                .into_iter()
                .map(|(name, event)| (name, recurring(event)))
                .collect(),
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

fn shown<T, U: From<T>>(named: BTreeMap<String, T>) -> BTreeMap<String, U> {
    named
        .into_iter()
        .map(|(name, one)| (name, one.into()))
        .collect()
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
                user: Tagged::default(),
                conversation: Tagged::default(),
                message: Tagged::default(),
                states: BTreeMap::new(),
                configuration: BotConfiguration {
                    data: JsonObject::default(),
                    schema: JsonObject::default(),
                },
                events: BTreeMap::new(),
                recurring_events: BTreeMap::new(),
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
    /// Its states, by name.
    states: Option<BTreeMap<String, BotStateDefinition>>,
    /// Its events, by name.
    events: Option<BTreeMap<String, EventDefinition>>,
    /// Its recurring events, by name.
    recurring_events: Option<BTreeMap<String, RecurringEvent>>,
    /// Its configuration.
    configuration: Option<GivenBotConfiguration>,
    /// The tags of its users.
    user: Option<GivenTagged>,
    /// The tags of its conversations.
    conversation: Option<GivenTagged>,
    /// The tags of its messages.
    message: Option<GivenTagged>,
    /// Its code: a CommonJS bundle that exports `handler`.
    code: Option<String>,
    /// Its name; one is made up if absent.
    #[oai(validator(min_length = 1))]
    name: Option<String>,
    /// Media files.
    medias: Option<Vec<Media>>,
    /// Where it runs, for one in development.
    url: Option<String>,
    /// Whether it is in development.
    dev: Option<bool>,
}

/// The configuration of a bot, as it is given.
#[derive(Object, Default)]
pub struct GivenBotConfiguration {
    /// The configuration.
    pub data: Option<JsonObject>,
    /// The JSON Schema that it keeps to.
    pub schema: Option<JsonObject>,
}

impl Example for CreateBotBody {
    fn example() -> Self {
        Self {
            states: None,
            events: None,
            recurring_events: None,
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
    /// The bot to make.
    ///
    /// # Errors
    /// `InvalidSchema` for a schema that is none.
    pub fn given(self, limits: &Limits) -> Result<NewBot> {
        let mut definition = BotDefinition {
            user: self.user.unwrap_or_default().into(),
            conversation: self.conversation.unwrap_or_default().into(),
            message: self.message.unwrap_or_default().into(),
            ..BotDefinition::default()
        };
        for (name, state) in self.states.unwrap_or_default() {
            let state = state.given(&name, limits)?;
            definition.states.insert(name, state);
        }
        for (name, event) in self.events.unwrap_or_default() {
            let event = event.given(&name, limits)?;
            definition.events.insert(name, event);
        }
        for (name, event) in self.recurring_events.unwrap_or_default() {
            definition.recurring_events.insert(name, event.into());
        }
        let GivenBotConfiguration { data, schema } = self.configuration.unwrap_or_default();
        definition.configuration = match schema {
            Some(schema) => given_schema(schema, "configuration.schema", limits)?,
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
