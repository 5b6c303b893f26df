//! What the built-in chat keeps in the [`App`].

use super::{Listeners, Settings};
use crate::{
    domain::tenancy::{app::App, features::Features, write_tx::Change},
    kernel::{Result, ids::EndUserId},
};

/// Adds those who listen and the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(Listeners::new(&settings));
    features.add(settings);
}

impl App {
    /// Who listens to conversations of the chat.
    #[must_use]
    pub fn listeners(&self) -> &Listeners {
        self.feature()
    }

    /// Settings of the built-in chat.
    #[must_use]
    pub fn webchat_settings(&self) -> &Settings {
        self.feature()
    }
}

/// Ends the streams of a conversation, or those of one user in it.
pub(in crate::domain) fn on_conversation_end(app: &App, conversation: i64, user: Option<i64>) {
    let listeners = app.listeners();
    listeners.end(|of, by| of == conversation && user.is_none_or(|user| user == by));
}

/// Ends the streams of an end user once its erasure is committed.
///
/// # Errors
/// Never.
pub(in crate::domain) fn before_user_erasure(
    change: &Change<'_>,
    _: &EndUserId,
    user: i64,
) -> Result<()> {
    change.then(move |app| app.listeners().end(|_, by| by == user));
    Ok(())
}
