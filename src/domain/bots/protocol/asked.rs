//! What was asked of whom, and the log lines that say how it failed.

use super::{
    answer::Failed,
    receiver::{Endpoint, Receiver},
};
use crate::{
    domain::{
        bots::manage::{
            self,
            logs::{self, Level},
        },
        tenancy::{app::App, audit::Actor, write_tx::Change},
    },
    engine::with_stack,
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
    /// True if the code belongs to the bot's workspace, whose members may see its stacks.
    pub(in crate::domain) is_own: bool,
    /// True if the code is a part of this server.
    pub(in crate::domain) is_built_in: bool,
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
            is_own: receiver.is_own,
            is_built_in: receiver.endpoint == Endpoint::BuiltIn,
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

    /// The stack of a failure, for those who see what happens in the bot.
    pub(in crate::domain) fn stack_for_bot<'a>(&self, failed: &'a Failed) -> Option<&'a str> {
        failed.stack.as_deref().filter(|_| self.is_own)
    }

    /// Writes how it failed into the log of the bot and, if one was asked, of the integration. `more` follows
    /// the complaint.
    pub(in crate::domain) fn log(
        &self,
        change: &Change<'_>,
        settings: &manage::Settings,
        (level, more): (Level, &str),
        failed: &Failed,
    ) -> Result<()> {
        let text = format!("{}{more}", self.complaint(&failed.text));
        let of_bot = with_stack(&text, self.stack_for_bot(failed));
        logs::record(change, settings, &self.bot, level, &of_bot)?;
        match &self.integration {
            Some((id, _)) => {
                let text = with_stack(&text, failed.stack.as_deref());
                logs::record_of_integration(change, settings, id, level, &text)
            }
            None => Ok(()),
        }
    }

    /// Has the logs say how it failed, those of the bot and that of the server. That they cannot changes nothing
    /// for the one who waits.
    pub(super) async fn report(self, app: &App, failed: Failed) {
        app.failures().note(app, &self, (&failed, false));
        self.record(app, failed).await;
    }

    /// Has the logs of the bot alone say how it failed.
    pub(super) async fn record(self, app: &App, failed: Failed) {
        let parts = app.clone();
        let logged = app.change_as(Actor::System, move |change| {
            let settings = parts.bot_settings();
            self.log(change, settings, (Level::Error, ""), &failed)
        });
        if let Err(error) = logged.await {
            tracing::warn!(%error, "a failed call is not in the logs");
        }
    }
}
