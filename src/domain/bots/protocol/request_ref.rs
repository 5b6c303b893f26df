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
    pub(in crate::domain) in_own_workspace: bool,
    /// True if the code is built into this server.
    pub(in crate::domain) is_built_in: bool,
}

impl RequestRef {
    pub(in crate::domain) fn new(receiver: &Receiver, operation: &'static str, kind: &str) -> Self {
        let integration = receiver.integration.as_ref();
        Self {
            bot: receiver.agent.id.clone(),
            integration: integration
                .map(|integration| (integration.integration_id.clone(), integration.name.clone())),
            operation,
            kind: kind.to_owned(),
            in_own_workspace: receiver.in_own_workspace,
            is_built_in: receiver.endpoint == Endpoint::BuiltIn,
        }
    }

    /// Returns the receiver's name for messages.
    pub(in crate::domain) fn receiver_name(&self) -> String {
        match &self.integration {
            Some((_, name)) => format!("the integration {name}"),
            None => "the bot".to_owned(),
        }
    }

    /// Describes the failure in a sentence.
    pub(in crate::domain) fn describe_failure(&self, why: &str) -> String {
        let (operation, kind) = (self.operation, &self.kind);
        let what = if operation == kind {
            operation.to_owned()
        } else {
            format!("{operation} ({kind})")
        };
        format!("{what} failed in {}: {why}.", self.receiver_name())
    }

    /// Returns the stack of a failure if the bot's members may see it.
    pub(in crate::domain) fn stack_for_bot<'a>(&self, failed: &'a CallFailure) -> Option<&'a str> {
        failed.stack.as_deref().filter(|_| self.in_own_workspace)
    }

    /// Writes the failure to the log of the bot and, if the receiver is an integration, to that one's log.
    /// `more` follows the sentence.
    pub(in crate::domain) fn write_logs(
        &self,
        tx: &WriteTx<'_>,
        settings: &manage::Settings,
        (level, more): (LogLevel, &str),
        failed: &CallFailure,
    ) -> Result<()> {
        let text = format!("{}{more}", self.describe_failure(&failed.text));
        let of_bot = append_stack(&text, self.stack_for_bot(failed));
        logs::record(tx, settings, &self.bot, level, &of_bot)?;
        match &self.integration {
            Some((id, _)) => {
                let text = append_stack(&text, failed.stack.as_deref());
                logs::record_for_integration(tx, settings, id, level, &text)
            }
            None => Ok(()),
        }
    }

    /// Reports a failure in the server's log and in the logs of the bot and the integration. A log error does
    /// not affect the caller.
    pub(super) async fn report_failure(self, app: &App, failed: CallFailure) {
        app.recent_failures()
            .record_call(app, &self, (&failed, false));
        self.log_failure(app, failed).await;
    }

    /// Writes a failure to the logs of the bot and the integration only.
    pub(super) async fn log_failure(self, app: &App, failed: CallFailure) {
        let parts = app.clone();
        let logged = app.run_write_tx_as(Actor::System, move |tx| {
            let settings = parts.bot_settings();
            self.write_logs(tx, settings, (LogLevel::Error, ""), &failed)
        });
        if let Err(error) = logged.await {
            tracing::warn!(%error, "a failed call could not be logged");
        }
    }
}
