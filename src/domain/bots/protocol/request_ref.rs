//! Identifies a call, and logs its failure.

use super::{
    receiver::{Endpoint, Receiver},
    response::CallFailure,
};
use crate::{
    domain::{
        bots::manage::{
            self,
            logs::{self, LogLevel},
        },
        tenancy::{app::App, audit::Actor, write_tx::WriteTx},
    },
    engine::append_stack,
    kernel::{
        Result,
        ids::{AgentId, IntegrationId},
    },
};

/// Receiver and operation of a call.
#[derive(Debug, Clone)]
pub(in crate::domain) struct RequestRef {
    pub(in crate::domain) bot: AgentId,
    /// Id and name of the integration; `None` if the receiver is the bot.
    pub(in crate::domain) integration: Option<(IntegrationId, String)>,
    pub(in crate::domain) operation: &'static str,
    pub(in crate::domain) kind: String,
    /// True if the code belongs to the bot's workspace, whose members may see its stacks.
    pub(in crate::domain) is_own: bool,
    /// True if the code is built into this server.
    pub(in crate::domain) is_built_in: bool,
}

impl RequestRef {
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

    /// Returns the receiver's name for messages.
    pub(in crate::domain) fn receiver(&self) -> String {
        match &self.integration {
            Some((_, name)) => format!("the integration {name}"),
            None => "the bot".to_owned(),
        }
    }

    /// Describes the failure in a sentence.
    pub(in crate::domain) fn complaint(&self, why: &str) -> String {
        let (operation, kind) = (self.operation, &self.kind);
        let what = if operation == kind {
            operation.to_owned()
        } else {
            format!("{operation} ({kind})")
        };
        format!("{what} failed in {}: {why}.", self.receiver())
    }

    /// Returns the stack of a failure if the bot's members may see it.
    pub(in crate::domain) fn stack_for_bot<'a>(&self, failed: &'a CallFailure) -> Option<&'a str> {
        failed.stack.as_deref().filter(|_| self.is_own)
    }

    /// Writes the failure to the log of the bot and, if the receiver is an integration, to that one's log.
    /// `more` follows the sentence.
    pub(in crate::domain) fn log(
        &self,
        change: &WriteTx<'_>,
        settings: &manage::Settings,
        (level, more): (LogLevel, &str),
        failed: &CallFailure,
    ) -> Result<()> {
        let text = format!("{}{more}", self.complaint(&failed.text));
        let of_bot = append_stack(&text, self.stack_for_bot(failed));
        logs::record(change, settings, &self.bot, level, &of_bot)?;
        match &self.integration {
            Some((id, _)) => {
                let text = append_stack(&text, failed.stack.as_deref());
                logs::record_for_integration(change, settings, id, level, &text)
            }
            None => Ok(()),
        }
    }

    /// Reports a failure in the server's log and in the logs of the bot and the integration. A log error does
    /// not affect the caller.
    pub(super) async fn report(self, app: &App, failed: CallFailure) {
        app.failures().note(app, &self, (&failed, false));
        self.record(app, failed).await;
    }

    /// Writes a failure to the logs of the bot and the integration only.
    pub(super) async fn record(self, app: &App, failed: CallFailure) {
        let parts = app.clone();
        let logged = app.change_as(Actor::System, move |change| {
            let settings = parts.bot_settings();
            self.log(change, settings, (LogLevel::Error, ""), &failed)
        });
        if let Err(error) = logged.await {
            tracing::warn!(%error, "a failed call is not in the logs");
        }
    }
}
