//! The columns with sealed values, and the location that each value is sealed for.
//!
//! All sealing of columns uses this list, and `parlance check` reads all of it. So the check covers every new column.

mod check;

use strum::VariantArray;

pub use self::check::{UnreadableValue, UnreadableValues, find_unreadable};
use crate::store::{
    Sealer,
    seal::{SealError, SealLocation},
};

/// Column with sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum SealedColumn {
    /// Input, output and error of a call of an action.
    ActionRun,
    /// Configuration of a bot.
    BotConfiguration,
    /// Secret of a bot's code.
    BotSecret,
    /// Key that signs requests to a bot in development.
    BotSigningSecret,
    /// Definition, configuration and installations of a stored version of a bot.
    BotVersion,
    /// Configuration of an integration in a bot.
    BotIntegrationConfiguration,
    /// Configuration of a plugin in a bot.
    BotPluginConfiguration,
    /// OAuth tokens of a user of a connector.
    ConnectorTokens,
    /// Credentials of a connector.
    ConnectorCredentials,
    /// PKCE verifier of a pending authorization.
    ConnectorVerifier,
    /// Sensitive metadata of an end user.
    EndUserSensitive,
    /// Secret of an integration's code.
    IntegrationSecret,
    /// Form values of an installation of an Ada platform integration.
    PlatformConfiguration,
    /// Key that signs requests to such an installation.
    PlatformClientSecret,
    /// The same key, stored until the integration has received the uninstall notification.
    PlatformUninstallSecret,
    /// API token of the code of a bot or an integration.
    RuntimeToken,
    /// Secrets in the configuration of a service integration.
    ServiceIntegrationSecrets,
    /// Key that signs the user keys of the webchat integration.
    WebchatKey,
    /// Key that signs messages to a webhook endpoint.
    WebhookSecret,
    /// Previous signing key, which is also used for a while.
    WebhookOldSecret,
    /// URL of a webhook endpoint, which may contain a secret.
    WebhookUrl,
}

impl SealedColumn {
    /// Returns the names of the table and the column.
    #[must_use]
    pub const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::ActionRun => ("action_runs", "sealed"),
            Self::BotConfiguration => ("bots", "configuration"),
            Self::BotSecret => ("bot_secrets", "sealed"),
            Self::BotSigningSecret => ("bots", "signing_secret"),
            Self::BotVersion => ("bot_versions", "sealed"),
            Self::BotIntegrationConfiguration => ("bot_integrations", "configuration"),
            Self::BotPluginConfiguration => ("bot_plugins", "configuration"),
            Self::ConnectorTokens => ("connector_authorizations", "tokens"),
            Self::ConnectorCredentials => ("connectors", "credentials"),
            Self::ConnectorVerifier => ("connector_oauth_states", "verifier"),
            Self::EndUserSensitive => ("end_user_sensitive", "sealed"),
            Self::IntegrationSecret => ("integration_secrets", "sealed"),
            Self::PlatformConfiguration => ("platform_installations", "configuration"),
            Self::PlatformClientSecret => ("platform_installations", "client_secret"),
            Self::PlatformUninstallSecret => ("platform_uninstalls", "client_secret"),
            Self::RuntimeToken => ("runtime_tokens", "sealed"),
            Self::ServiceIntegrationSecrets => ("service_integrations", "secrets"),
            Self::WebchatKey => ("webchat_keys", "sealed"),
            Self::WebhookSecret => ("webhook_endpoints", "secret"),
            Self::WebhookOldSecret => ("webhook_endpoints", "old_secret"),
            Self::WebhookUrl => ("webhook_endpoints", "sealed_url"),
        }
    }

    /// Encrypts a value for the row `row_id`.
    #[must_use]
    pub fn seal(self, sealer: &Sealer, row_id: &str, plaintext: &[u8]) -> Vec<u8> {
        sealer.seal(&self.location(row_id), plaintext)
    }

    /// Decrypts a value of the row `row_id`.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn open(self, sealer: &Sealer, row_id: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        sealer.open(&self.location(row_id), sealed)
    }

    const fn location(self, row_id: &str) -> SealLocation<'_> {
        let (table, column) = match self {
            // On uninstallation the secret moves to the other table unchanged.
            Self::PlatformUninstallSecret => Self::PlatformClientSecret.name(),
            other => other.name(),
        };
        SealLocation {
            table,
            column,
            row_id,
        }
    }

    /// Returns SQL for the values of the column: label of the owner, row id that the value is sealed for, and value.
    const fn values_sql(self) -> &'static str {
        match self {
            Self::ActionRun => {
                "SELECT 'action ' || action_runs.action || ' of bot ' || agents.id, agents.id, action_runs.sealed
                 FROM action_runs LEFT JOIN agents ON agents.seq = action_runs.agent_seq"
            }
            Self::BotConfiguration => {
                "SELECT 'bot ' || agents.id, agents.id, bots.configuration
                 FROM bots LEFT JOIN agents ON agents.seq = bots.agent_seq"
            }
            Self::BotSecret => {
                "SELECT 'bot ' || agents.id, agents.id || '/' || bot_secrets.name, bot_secrets.sealed
                 FROM bot_secrets LEFT JOIN agents ON agents.seq = bot_secrets.agent_seq"
            }
            Self::BotSigningSecret => {
                "SELECT 'bot ' || agents.id, agents.id, bots.signing_secret
                 FROM bots LEFT JOIN agents ON agents.seq = bots.agent_seq"
            }
            Self::BotVersion => "SELECT 'version ' || id || ' of a bot', id, sealed FROM bot_versions",
            // The label does not contain the webhook id: a secret URL may be the only protection of a webhook.
            Self::BotIntegrationConfiguration => {
                "SELECT 'integration ' || integrations.id || ' in bot ' || agents.id,
                        bot_integrations.webhook_id, bot_integrations.configuration
                 FROM bot_integrations
                 LEFT JOIN agents ON agents.seq = bot_integrations.agent_seq
                 LEFT JOIN integrations ON integrations.seq = bot_integrations.integration_seq"
            }
            Self::BotPluginConfiguration => {
                "SELECT 'plugin ' || bot_plugins.alias || ' of bot ' || agents.id,
                        agents.id || '/' || bot_plugins.alias, bot_plugins.configuration
                 FROM bot_plugins LEFT JOIN agents ON agents.seq = bot_plugins.agent_seq"
            }
            Self::ConnectorTokens => {
                "SELECT 'user ' || user_id || ' of connector ' || connector_id, id, tokens
                 FROM connector_authorizations"
            }
            Self::ConnectorCredentials => {
                "SELECT 'connector ' || id, id, credentials FROM connectors"
            }
            Self::ConnectorVerifier => {
                "SELECT 'user ' || user_id || ' of connector ' || connector_id, id, verifier
                 FROM connector_oauth_states"
            }
            Self::EndUserSensitive => {
                "SELECT 'end user ' || end_user_id, end_user_id || '/' || name, sealed
                 FROM end_user_sensitive"
            }
            Self::IntegrationSecret => {
                "SELECT 'integration ' || integrations.id,
                        integrations.id || '/' || integration_secrets.name, sealed
                 FROM integration_secrets
                 LEFT JOIN integrations ON integrations.seq = integration_secrets.integration_seq"
            }
            Self::PlatformConfiguration => {
                "SELECT 'installation ' || id, id, configuration FROM platform_installations"
            }
            Self::PlatformClientSecret => {
                "SELECT 'installation ' || id, id, client_secret FROM platform_installations"
            }
            Self::PlatformUninstallSecret => {
                "SELECT 'installation ' || installation_id, installation_id, client_secret
                 FROM platform_uninstalls"
            }
            Self::RuntimeToken => {
                "SELECT 'code of ' || owner_id, owner_id, sealed FROM runtime_tokens"
            }
            Self::ServiceIntegrationSecrets => {
                "SELECT 'service integration ' || id, id, secrets FROM service_integrations"
            }
            Self::WebchatKey => {
                "SELECT 'chat of bot ' || agents.id,
                        CAST(webchat_keys.installation_seq AS TEXT), webchat_keys.sealed
                 FROM webchat_keys
                 LEFT JOIN bot_integrations
                     ON bot_integrations.seq = webchat_keys.installation_seq
                 LEFT JOIN agents ON agents.seq = bot_integrations.agent_seq"
            }
            // A deleted endpoint keeps its row for a while, without a secret.
            Self::WebhookSecret => {
                "SELECT 'webhook ' || id, id, secret FROM webhook_endpoints
                 WHERE deleted_at IS NULL"
            }
            Self::WebhookOldSecret => {
                "SELECT 'webhook ' || id, id, old_secret FROM webhook_endpoints"
            }
            Self::WebhookUrl => "SELECT 'webhook ' || id, id, sealed_url FROM webhook_endpoints",
        }
    }
}
