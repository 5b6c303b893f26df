//! What may be said in a bot: what it declares itself, and what the integrations declare that are on in
//! it. It is kept with who calls, and so as long as the generation of the keys: whatever is declared
//! anew raises that (migration 0012).

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    definitions::{BotDefinition, IntegrationDefinition},
    installations,
};
use crate::{
    domain::{
        App,
        tenancy::request_auth::{Caller, CallerAgent, CallerInstallation},
    },
    kernel::Result,
};

/// An integration that is on in a bot, with what it declares.
#[derive(Debug, Clone)]
pub(in crate::domain) struct Installed {
    pub(in crate::domain) installation: CallerInstallation,
    pub(in crate::domain) definition: Arc<IntegrationDefinition>,
}

/// What may be said in a bot.
#[derive(Debug)]
pub(in crate::domain) struct Vocabulary {
    /// What the bot declares.
    pub(in crate::domain) bot: Arc<BotDefinition>,
    /// The integrations that are on; of one name, the newest version first.
    pub(in crate::domain) integrations: Vec<Installed>,
    /// The integration that calls, if it is on no more: its `unregister` is under way.
    leaving: Option<Installed>,
}

impl Vocabulary {
    /// Returns the vocabulary of the bot that a caller acts in, from the caller's cache if it is there.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::domain) fn of_caller(
        app: &App,
        conn: &Connection,
        caller: &Caller,
        bot: &CallerAgent,
        installation: Option<&CallerInstallation>,
    ) -> Result<Arc<Self>> {
        let read = || Self::read(app, conn, bot, installation);
        caller.cache.get_or_read(conn, read)
    }

    fn read(
        app: &App,
        conn: &Connection,
        bot: &CallerAgent,
        caller: Option<&CallerInstallation>,
    ) -> Result<Self> {
        let declarations = app.declarations();
        let with_definition = |installation: CallerInstallation| {
            Ok(Installed {
                definition: declarations.of_integration(conn, installation.integration_seq)?,
                installation,
            })
        };
        let enabled = installations::enabled(conn, bot.seq)?;
        let is_on = |one: &CallerInstallation| enabled.iter().any(|on| on.seq == one.seq);
        let leaving = caller.filter(|caller| !is_on(caller)).cloned();
        Ok(Self {
            leaving: leaving.map(&with_definition).transpose()?,
            bot: declarations.of_bot(conn, &bot.id, bot.seq)?,
            integrations: enabled
                .into_iter()
                .map(&with_definition)
                .collect::<Result<_>>()?,
        })
    }

    /// The integration of this name that is on; of several versions, the newest.
    pub(in crate::domain) fn named(&self, name: &str) -> Option<&Installed> {
        let mut all = self.integrations.iter();
        all.find(|one| one.installation.name == name)
    }

    /// The integration of this installation, if it is on or the one that calls.
    pub(in crate::domain) fn of(&self, installation: &CallerInstallation) -> Option<&Installed> {
        let mut all = self.integrations.iter().chain(&self.leaving);
        all.find(|one| one.installation.seq == installation.seq)
    }
}
