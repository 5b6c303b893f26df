//! The schema set of a bot: its definition and those of its enabled integrations. The cached caller holds it,
//! so it expires with the generation of the keys. Each change of a definition increments the generation
//! (migration 0012).

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    definitions::{BotDefinition, IntegrationDefinition},
    installations, plugins,
};
use crate::{
    domain::{
        App,
        tenancy::request_auth::{ActingInstallation, Principal, PrincipalAgent},
    },
    kernel::Result,
};

/// An enabled integration of a bot, with its definition.
#[derive(Debug, Clone)]
pub(in crate::domain) struct InstalledIntegration {
    pub(in crate::domain) installation: ActingInstallation,
    pub(in crate::domain) definition: Arc<IntegrationDefinition>,
}

impl InstalledIntegration {
    /// True if the bot does not use this channel.
    pub(in crate::domain) fn has_disabled(&self, channel: &str) -> bool {
        let mut disabled = self.installation.disabled_channels.iter();
        disabled.any(|one| one == channel)
    }
}

/// The definitions of a bot and its integrations.
#[derive(Debug)]
pub(in crate::domain) struct SchemaSet {
    /// Definition of the bot.
    pub(in crate::domain) bot: Arc<BotDefinition>,
    /// Enabled integrations; newest version first within a name.
    pub(in crate::domain) integrations: Vec<InstalledIntegration>,
    /// Calling integration, if it is disabled and its `unregister` is still pending.
    unregistering: Option<InstalledIntegration>,
}

impl SchemaSet {
    /// Returns the schema set of the bot that a caller acts in, from the caller's cache if it is there.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::domain) fn of_caller(
        app: &App,
        conn: &Connection,
        caller: &Principal,
        bot: &PrincipalAgent,
        installation: Option<&ActingInstallation>,
    ) -> Result<Arc<Self>> {
        let read = || Self::load(app, conn, bot, installation);
        caller.cache.get_or_read(conn, read)
    }

    fn load(
        app: &App,
        conn: &Connection,
        bot: &PrincipalAgent,
        caller: Option<&ActingInstallation>,
    ) -> Result<Self> {
        let declarations = app.definition_cache();
        let with_definition = |installation: ActingInstallation| {
            Ok(InstalledIntegration {
                definition: declarations
                    .get_integration_definition(conn, installation.integration_seq)?,
                installation,
            })
        };
        let enabled = installations::list_enabled(conn, bot.seq)?;
        let is_on = |one: &ActingInstallation| enabled.iter().any(|on| on.seq == one.seq);
        let leaving = caller.filter(|caller| !is_on(caller)).cloned();
        Ok(Self {
            unregistering: leaving.map(&with_definition).transpose()?,
            bot: plugins::load_bot_definition(app, conn, (&bot.id, bot.seq))?,
            integrations: enabled
                .into_iter()
                .map(&with_definition)
                .collect::<Result<_>>()?,
        })
    }

    /// Finds the enabled integration with this name; the newest of several versions.
    pub(in crate::domain) fn find_by_name(&self, name: &str) -> Option<&InstalledIntegration> {
        let mut all = self.integrations.iter();
        all.find(|one| one.installation.name == name)
    }

    /// Finds the enabled integration with this alias in the bot, else the one with this name.
    pub(in crate::domain) fn find_by_alias(&self, alias: &str) -> Option<&InstalledIntegration> {
        let mut all = self.integrations.iter();
        let found = all.find(|one| one.installation.alias.as_deref() == Some(alias));
        found.or_else(|| self.find_by_name(alias))
    }

    /// Finds the integration of this installation, if it is enabled or the caller.
    pub(in crate::domain) fn find_by_installation(
        &self,
        installation: &ActingInstallation,
    ) -> Option<&InstalledIntegration> {
        let mut all = self.integrations.iter().chain(&self.unregistering);
        all.find(|one| one.installation.seq == installation.seq)
    }
}
