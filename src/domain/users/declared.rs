//! Which tags users may have.

use std::sync::Arc;

use rusqlite::Connection;

use crate::{
    domain::{
        Domain,
        access::Call,
        definitions::{BotDefinition, IntegrationDefinition},
        installations,
        tags::{Declared, Given, Tags},
    },
    kernel::Result,
};

/// What a call may set on users.
pub(super) struct Rules<'a> {
    domain: &'a Domain,
    agent_seq: i64,
    writer: Option<&'a str>,
    bot: Arc<BotDefinition>,
    integration: Option<Arc<IntegrationDefinition>>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(call: &'a Call, conn: &Connection) -> Result<Self> {
        let (domain, bot) = (call.domain(), call.agent()?);
        let declarations = domain.declarations();
        let caller = call.caller().installation.as_ref();
        Ok(Self {
            domain,
            agent_seq: bot.seq,
            writer: caller.map(|installation| installation.name.as_str()),
            bot: declarations.of_bot(conn, &bot.id, bot.seq)?,
            integration: caller
                .map(|caller| declarations.of_integration(conn, caller.integration_seq))
                .transpose()?,
        })
    }

    /// The tags of a new user.
    pub(super) fn new_tags(&self, conn: &Connection, given: &Given) -> Result<Tags> {
        let tags = self.merged(conn, &Tags::default(), given)?;
        if let (Some(name), Some(integration)) = (self.writer, &self.integration) {
            tags.require(name, &integration.user.creation.required_tags)?;
        }
        Ok(tags)
    }

    /// The tags of a user after a change.
    pub(super) fn merged(&self, conn: &Connection, old: &Tags, given: &Given) -> Result<Tags> {
        let integration = |name: &str, tag: &str| {
            if let (Some(writer), Some(own)) = (self.writer, &self.integration) {
                return Ok(writer == name && own.user.tags.contains_key(tag));
            }
            let found = installations::named(conn, self.agent_seq, name)?;
            let Some(found) = found else { return Ok(false) };
            let definition = self
                .domain
                .declarations()
                .of_integration(conn, found.integration_seq)?;
            Ok(definition.user.tags.contains_key(tag))
        };
        let declared = Declared {
            bot: &self.bot.user.tags,
            writer: self.writer,
            integration: &integration,
        };
        old.merged(given, &declared)
    }
}
