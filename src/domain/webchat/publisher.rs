//! Publishes the signals of a conversation: to those who listen, and to the webhook of the installation.

use std::sync::Arc;

use super::{Signal, signal_webhook::SignalWebhook};
use crate::domain::tenancy::app::App;

/// The receivers of the signals of one conversation.
#[derive(Debug, Clone)]
pub(super) struct Publisher {
    /// Row of the conversation.
    pub(super) conversation: i64,
    pub(super) webhook: Option<SignalWebhook>,
}

impl Publisher {
    /// Publishes a signal.
    pub(super) fn publish(&self, app: &App, signal: Signal) {
        let signal = Arc::new(signal);
        if let Some(webhook) = &self.webhook {
            app.signal_queue().push(webhook, &signal);
        }
        app.listeners().publish(self.conversation, signal);
    }
}
