//! SQL conditions for bots and integrations that the server can call: those that have code or a URL.

/// Condition on a row of `bots`: the bot has code or a URL.
pub(in crate::domain) const BOT_IS_CALLABLE: &str = "(bots.url IS NOT NULL OR EXISTS (
    SELECT 1 FROM bot_code WHERE bot_code.agent_seq = bots.agent_seq))";

/// Condition on a row of `integrations`: the integration has code or a URL.
pub(in crate::domain) const INTEGRATION_IS_CALLABLE: &str =
    "(integrations.url IS NOT NULL OR EXISTS (
    SELECT 1 FROM integration_code WHERE integration_code.integration_seq = integrations.seq))";
