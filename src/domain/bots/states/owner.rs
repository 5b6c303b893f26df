//! Resolves the owner of a state, and the declaration of a state.

use rusqlite::Connection;

use super::{Key, StateKind};
use crate::{
    domain::{
        bots::{author::Author, conversations, definitions, users},
        tenancy::request_auth::ActingInstallation,
    },
    kernel::{
        Error, Result,
        ids::{ConversationId, EndUserId},
    },
};

/// Owner of a state.
#[derive(Debug, Clone, Default)]
pub(super) struct Owner {
    /// Key of the integration that the state belongs to; empty for the bot's own states.
    pub(super) integration: String,
    /// Id of the conversation or the user; empty for a bot and an installation.
    pub(super) id: String,
    pub(super) conversation_seq: Option<i64>,
    pub(super) user_seq: Option<i64>,
}

impl Owner {
    /// Resolves the owner that a state's key names.
    ///
    /// # Errors
    /// `NotFound` if the owner does not exist or is not accessible to the caller; errors of the store.
    pub(super) fn resolve(conn: &Connection, voice: &Author, key: &Key) -> Result<Self> {
        let integration = voice.integration();
        let mut owner = Self {
            integration: integration
                .map(ActingInstallation::integration_key)
                .unwrap_or_default(),
            ..Self::default()
        };
        let absent = || {
            Error::not_found(format!(
                "Owner not found: there is no {} {}",
                key.kind, key.owner
            ))
        };
        match key.kind {
            StateKind::Conversation => {
                let id = ConversationId::from(key.owner.as_str());
                owner.conversation_seq = Some(conversations::load_visible(conn, voice, &id)?.seq);
                owner.id = key.owner.clone();
            }
            StateKind::User => {
                let id = EndUserId::from(key.owner.as_str());
                owner.user_seq = users::load_visible(conn, voice, &id)?.seq;
                owner.id = key.owner.clone();
            }
            StateKind::Bot if key.owner == voice.bot().id.as_str() => {}
            StateKind::Integration
                if integration.is_some_and(|own| own.integration_id.as_str() == key.owner) => {}
            StateKind::Bot | StateKind::Integration => return Err(absent()),
        }
        Ok(owner)
    }
}

/// Returns the caller's declaration of a state.
///
/// # Errors
/// `NotFound` if the caller declares no state of this name and kind; `Forbidden` if the calling integration has
/// just been uninstalled; errors of the store.
pub(super) fn find_declaration(
    conn: &Connection,
    voice: &Author,
    key: &Key,
) -> Result<definitions::StateDefinition> {
    let speaker = voice.load_schemas(conn)?;
    let declared = match speaker.own_integration()? {
        Some(own) => own.definition.states.get(&key.name),
        None => speaker.bot_definition().states.get(&key.name),
    };
    declared
        .filter(|state| state.kind == key.kind)
        .cloned()
        .ok_or_else(|| {
            Error::not_found(format!(
                "No state {} of the type {} is declared",
                key.name, key.kind
            ))
        })
}
