//! Settings, state and hooks of the webchat integration.

use super::{
    Listeners, Settings,
    signal_webhook::{SignalQueue, SignalRenderer},
};
use crate::{
    domain::tenancy::{app::App, features::Features, write_tx::WriteTx},
    kernel::{Result, ids::EndUserId},
};

/// Registers the listeners, the queue of signals for webhooks, and the settings.
pub(in crate::domain) fn register(
    features: &mut Features,
    settings: Settings,
    renderer: SignalRenderer,
) {
    features.add(Listeners::new(&settings));
    features.add(SignalQueue::new(renderer));
    features.add(settings);
}

impl App {
    /// Returns the listeners to conversations.
    #[must_use]
    pub fn listeners(&self) -> &Listeners {
        self.feature()
    }

    /// Returns the signals that wait for the webhooks of installations.
    pub(super) fn signal_queue(&self) -> &SignalQueue {
        self.feature()
    }

    /// Returns the settings of the webchat integration.
    #[must_use]
    pub fn webchat_settings(&self) -> &Settings {
        self.feature()
    }
}

/// Ends the streams of a conversation, or those of one user in it.
pub(in crate::domain) fn close_conversation_streams(
    app: &App,
    conversation: i64,
    user: Option<i64>,
) {
    let listeners = app.listeners();
    listeners.end_streams(|of, by| of == conversation && user.is_none_or(|user| user == by));
}

/// Ends the streams of an end user after the commit of its erasure.
///
/// # Errors
/// None.
pub(in crate::domain) fn close_user_streams(
    tx: &WriteTx<'_>,
    _: &EndUserId,
    user: i64,
) -> Result<()> {
    tx.run_after_commit(move |app| app.listeners().end_streams(|_, by| by == user));
    Ok(())
}
