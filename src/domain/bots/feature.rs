//! What bots keep in the [`App`].

use std::{rc::Rc, sync::Arc};

use tokio::sync::Notify;

use super::{
    conversations::ChannelCache,
    definitions::DefinitionCache,
    deliveries::{self, RetryRequests},
    manage,
    messages::{IndexWriteBatch, MessageIndex},
    protocol::{self, ProgramCache, RecentFailures},
};
use crate::{
    domain::{
        tenancy::{app::App, features::Features, write_tx::Change},
        webhooks::Doorbell,
    },
    kernel::Timestamp,
};

/// Connects changes with the dispatcher of deliveries.
#[derive(Default)]
struct Deliveries(Doorbell);

/// Wakes the worker that does what is due for bots.
#[derive(Default)]
struct Work(Notify);

/// Called when a conversation or a user's part in it ends, with the row of the conversation and, unless it ends for
/// all, that of the user.
pub(in crate::domain) type OnConversationEnd = fn(&App, i64, Option<i64>);

/// The hooks of the areas above.
struct Hooks(Vec<OnConversationEnd>);

/// Adds the message index, caches, the dispatcher's state, the settings, and the hooks of the areas above.
pub(in crate::domain) fn register(
    features: &mut Features,
    (index, now): (Arc<MessageIndex>, Timestamp),
    (bots, deliveries): (manage::Settings, deliveries::Settings),
    hooks: Vec<OnConversationEnd>,
) {
    features.add(index);
    features.add(DefinitionCache::default());
    features.add(ChannelCache::default());
    features.add(ProgramCache::default());
    features.add(Deliveries::default());
    features.add(RetryRequests::default());
    features.add(protocol::Metrics::default());
    features.add(RecentFailures::new(now));
    features.add(Work::default());
    features.add(bots);
    features.add(deliveries);
    features.add(Hooks(hooks));
}

impl App {
    /// The programs that the engine was asked for.
    pub(in crate::domain) fn programs(&self) -> &ProgramCache {
        self.feature()
    }

    /// Connects changes with the dispatcher of deliveries to bots and integrations.
    #[must_use]
    pub fn deliveries(&self) -> &Doorbell {
        &self.feature::<Deliveries>().0
    }

    /// The receivers whose failed deliveries are retried at once.
    pub(in crate::domain) fn haste(&self) -> &RetryRequests {
        self.feature()
    }

    /// Counters of calls to bots and integrations.
    #[must_use]
    pub fn telling(&self) -> &protocol::Metrics {
        self.feature()
    }

    /// Recent failures of code.
    pub(in crate::domain) fn failures(&self) -> &RecentFailures {
        self.feature()
    }

    /// Wakes the worker that does what is due for bots.
    pub(in crate::domain) fn bot_work(&self) -> &Notify {
        &self.feature::<Work>().0
    }

    /// What bots and integrations declare.
    pub(in crate::domain) fn declarations(&self) -> &DefinitionCache {
        self.feature()
    }

    /// The message index.
    pub(in crate::domain) fn message_index(&self) -> &MessageIndex {
        self.feature::<Arc<MessageIndex>>()
    }

    /// The channels of conversations.
    pub(in crate::domain) fn routes(&self) -> &ChannelCache {
        self.feature()
    }

    /// Settings of bots.
    #[must_use]
    pub fn bot_settings(&self) -> &manage::Settings {
        self.feature()
    }

    /// Settings of deliveries to bots and integrations.
    #[must_use]
    pub fn delivery_settings(&self) -> &deliveries::Settings {
        self.feature()
    }

    /// Runs the hooks for the end of a conversation, or of one user's part in it.
    pub(super) fn conversation_ended(&self, conversation: i64, user: Option<i64>) {
        for hook in &self.feature::<Hooks>().0 {
            hook(self, conversation, user);
        }
    }
}

impl Change<'_> {
    /// Wakes the dispatcher of deliveries once this change is committed.
    pub(in crate::domain) fn wake_runtime(&self) {
        self.wake(|app| app.deliveries().wake());
    }

    /// Has failed deliveries to this receiver retried once this change is committed.
    pub(in crate::domain) fn hasten(&self, receiver: (i64, i64)) {
        self.then(move |app| app.haste().add(vec![receiver]));
        self.wake_runtime();
    }

    /// The messages that the tables of the index may not have yet, as this change sees them.
    pub(in crate::domain) fn unindexed(&self) -> Rc<IndexWriteBatch> {
        self.attachment(|| {
            let Some(app) = self.app() else {
                return Rc::new(IndexWriteBatch::none());
            };
            let index = app.message_index();
            let unindexed = Rc::new(IndexWriteBatch::new(
                app.feature::<Arc<MessageIndex>>().clone(),
            ));
            let ended = unindexed.clone();
            self.at_end(move || index.stage(ended.take()));
            unindexed
        })
    }
}
