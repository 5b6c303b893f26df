//! Settings and state that bots register in the [`App`], hooks of the areas above, and renderers of the dialect.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::{
    conversations::ChannelCache,
    definitions::DefinitionCache,
    deliveries::{self, RetryRequests},
    events::{Event, MessageInContext},
    manage,
    messages::MessageIndex,
    protocol::{self, ProgramCache, RecentFailures},
    states::State,
    tables,
    workflows::Workflow,
};
use crate::{
    domain::{
        tenancy::{app::App, features::Features, write_tx::WriteTx},
        webhooks::Doorbell,
    },
    kernel::{Timestamp, ids::AgentId},
};

/// Doorbell of the dispatcher of deliveries.
#[derive(Default)]
struct DeliveryDoorbell(Doorbell);

/// Notifies of stored outcomes of deliveries.
#[derive(Default)]
struct OutcomesStored(Notify);

/// Wake-up of the maintenance worker.
#[derive(Default)]
struct WorkerWakeUp(Notify);

/// Wake-up of the worker of tables.
#[derive(Default)]
struct TableWorkerWakeUp(Notify);

/// Hook for the end of a conversation, or of one user's participation. Its arguments are the row of the conversation
/// and, if it ends for one user only, the row of the user.
pub(in crate::domain) type OnConversationEnd = fn(&App, i64, Option<i64>);

/// Hooks of the areas above.
struct ConversationEndHooks(Vec<OnConversationEnd>);

/// Functions of the dialect that render objects of a bot as JSON. Requests to bots and integrations contain the objects
/// as the API shows them, and the dialect has the wire types.
#[derive(Debug, Clone, Copy)]
pub struct ObjectRenderers {
    /// Renders an event for the bot.
    pub event: fn(Event) -> Value,
    /// Renders a message for the integration with this name: the members `message`, `user` and `conversation`.
    pub message: fn(&str, MessageInContext) -> Map<String, Value>,
    /// Renders a state of the bot with this id.
    pub state: fn(&AgentId, State) -> Value,
    /// Renders a workflow.
    pub workflow: fn(Workflow) -> Value,
}

/// Registers the message index, the caches, the state of the dispatcher, the settings, the renderers, and the
/// hooks of the areas above.
pub(in crate::domain) fn register(
    features: &mut Features,
    (index, now): (Arc<MessageIndex>, Timestamp),
    (bots, deliveries, tables): (manage::Settings, deliveries::Settings, tables::Settings),
    renderers: ObjectRenderers,
    hooks: Vec<OnConversationEnd>,
) {
    features.add(index);
    features.add(DefinitionCache::default());
    features.add(ChannelCache::default());
    features.add(ProgramCache::default());
    features.add(DeliveryDoorbell::default());
    features.add(RetryRequests::default());
    features.add(protocol::Metrics::default());
    features.add(RecentFailures::new(now));
    features.add(OutcomesStored::default());
    features.add(WorkerWakeUp::default());
    features.add(bots);
    features.add(deliveries);
    features.add(tables);
    features.add(TableWorkerWakeUp::default());
    features.add(tables::UnfinishedCopies::default());
    features.add(renderers);
    features.add(ConversationEndHooks(hooks));
}

impl App {
    /// Returns the cache of the programs of bots and integrations.
    pub(in crate::domain) fn program_cache(&self) -> &ProgramCache {
        self.feature()
    }

    /// Returns the doorbell of the dispatcher of deliveries to bots and integrations.
    #[must_use]
    pub fn delivery_doorbell(&self) -> &Doorbell {
        &self.feature::<DeliveryDoorbell>().0
    }

    /// Returns the receivers whose failed deliveries must be retried now.
    pub(in crate::domain) fn retry_requests(&self) -> &RetryRequests {
        self.feature()
    }

    /// Returns the metrics of calls to bots and integrations.
    #[must_use]
    pub fn call_metrics(&self) -> &protocol::Metrics {
        self.feature()
    }

    /// Returns the recent failures of code.
    pub(in crate::domain) fn recent_failures(&self) -> &RecentFailures {
        self.feature()
    }

    /// Returns the notifier of stored outcomes of deliveries.
    pub(in crate::domain) fn outcomes_stored(&self) -> &Notify {
        &self.feature::<OutcomesStored>().0
    }

    /// Returns the wake-up of the maintenance worker.
    pub(in crate::domain) fn bot_worker_wake_up(&self) -> &Notify {
        &self.feature::<WorkerWakeUp>().0
    }

    /// Returns the wake-up of the worker of tables.
    pub(in crate::domain) fn table_worker_wake_up(&self) -> &Notify {
        &self.feature::<TableWorkerWakeUp>().0
    }

    /// Returns the tables that calls copy rows into now.
    pub(in crate::domain) fn unfinished_copies(&self) -> &tables::UnfinishedCopies {
        self.feature()
    }

    /// Returns the settings of tables.
    pub(in crate::domain) fn table_settings(&self) -> &tables::Settings {
        self.feature()
    }

    /// Returns the cache of the definitions of bots and integrations.
    pub(in crate::domain) fn definition_cache(&self) -> &DefinitionCache {
        self.feature()
    }

    /// Returns the message index.
    pub(in crate::domain) fn message_index(&self) -> &MessageIndex {
        self.feature::<Arc<MessageIndex>>()
    }

    /// Returns the cache of the channels of conversations.
    pub(in crate::domain) fn channel_cache(&self) -> &ChannelCache {
        self.feature()
    }

    /// Returns the renderers of a bot's objects.
    pub(in crate::domain) fn object_renderers(&self) -> &ObjectRenderers {
        self.feature()
    }

    /// Returns the settings of bots.
    #[must_use]
    pub fn bot_settings(&self) -> &manage::Settings {
        self.feature()
    }

    /// Returns the settings of deliveries to bots and integrations.
    #[must_use]
    pub fn delivery_settings(&self) -> &deliveries::Settings {
        self.feature()
    }

    /// Runs the hooks for the end of a conversation, or of one user's participation.
    pub(super) fn run_conversation_end_hooks(&self, conversation: i64, user: Option<i64>) {
        for hook in &self.feature::<ConversationEndHooks>().0 {
            hook(self, conversation, user);
        }
    }
}

impl WriteTx<'_> {
    /// Wakes the dispatcher of deliveries after the commit.
    pub(in crate::domain) fn wake_delivery_dispatcher(&self) {
        self.wake_after_commit(|app| app.delivery_doorbell().wake());
    }

    /// Retries failed deliveries to this receiver after the commit.
    pub(in crate::domain) fn retry_deliveries_now(&self, receiver: (i64, i64)) {
        self.run_after_commit(move |app| app.retry_requests().add(vec![receiver]));
        self.wake_delivery_dispatcher();
    }
}
