//! What was asked of whom, and the log lines that say how it failed.

use super::receiver::Receiver;
use crate::{
    domain::{
        audit::Actor,
        bots::{
            self,
            logs::{self, Level},
        },
        change::Change,
        context::Domain,
    },
    kernel::{
        Result,
        ids::{AgentId, IntegrationId},
    },
};

/// What was asked of whom.
#[derive(Debug, Clone)]
pub(in crate::domain) struct Asked {
    pub(in crate::domain) bot: AgentId,
    /// The integration with its name, if one was asked.
    pub(in crate::domain) integration: Option<(IntegrationId, String)>,
    pub(in crate::domain) operation: &'static str,
    pub(in crate::domain) kind: String,
}

impl Asked {
    pub(in crate::domain) fn of(receiver: &Receiver, operation: &'static str, kind: &str) -> Self {
        let integration = receiver.integration.as_ref();
        Self {
            bot: receiver.agent.id.clone(),
            integration: integration
                .map(|integration| (integration.integration_id.clone(), integration.name.clone())),
            operation,
            kind: kind.to_owned(),
        }
    }

    /// Who was asked.
    pub(in crate::domain) fn receiver(&self) -> String {
        match &self.integration {
            Some((_, name)) => format!("the integration {name}"),
            None => "the bot".to_owned(),
        }
    }

    /// How it failed, in a sentence.
    pub(in crate::domain) fn complaint(&self, why: &str) -> String {
        let (operation, kind) = (self.operation, &self.kind);
        let what = if operation == kind {
            operation.to_owned()
        } else {
            format!("{operation} ({kind})")
        };
        format!("{what} failed in {}: {why}.", self.receiver())
    }

    /// Writes a line into the log of the bot and, if one was asked, of the integration.
    pub(in crate::domain) fn log(
        &self,
        change: &Change<'_>,
        settings: &bots::Settings,
        level: Level,
        text: &str,
    ) -> Result<()> {
        logs::record(change, settings, &self.bot, level, text)?;
        match &self.integration {
            Some((id, _)) => logs::record_of_integration(change, settings, id, level, text),
            None => Ok(()),
        }
    }

    /// Has the logs say how it failed. That they cannot changes nothing for the one who waits.
    pub(super) async fn report(self, domain: &Domain, why: &str) {
        let text = self.complaint(why);
        let parts = domain.clone();
        let logged = domain.change_as(Actor::System, move |change| {
            self.log(change, &parts.settings().bots, Level::Error, &text)
        });
        if let Err(error) = logged.await {
            tracing::warn!(%error, "a failed call is not in the logs");
        }
    }
}
