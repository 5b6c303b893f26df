//! Access to files: a bot accesses all of its files, an integration those that it made, and reads those that are shared
//! with integrations.
// wire: nothing says what a bot sees of the files of its integrations (botpress-today.md §6, Q8)

use crate::{
    domain::tenancy::request_auth::{ActingInstallation, PrincipalAgent, RequestContext},
    kernel::Result,
};

/// The caller, as far as it decides which files are visible.
#[derive(Debug, Clone)]
pub(super) struct Viewer {
    pub(super) bot: PrincipalAgent,
    /// Key of the calling integration; `None` for the bot.
    pub(super) integration: Option<String>,
}

impl Viewer {
    pub(super) fn from_call(call: &RequestContext) -> Result<Self> {
        let installation = call.principal().installation.as_ref();
        Ok(Self {
            bot: call.agent()?.clone(),
            integration: installation.map(ActingInstallation::integration_key),
        })
    }

    /// Returns the column `integration` of the files that the caller makes.
    pub(super) fn integration_column(&self) -> &str {
        self.integration.as_deref().unwrap_or_default()
    }

    /// True if the caller may change files of this integration.
    pub(super) fn may_change(&self, integration: &str) -> bool {
        self.integration
            .as_deref()
            .is_none_or(|own| own == integration)
    }
}

/// SQL condition for the visible files of a bot. `:integration` is the caller's, or NULL for the bot. Expired files are
/// not visible, although they are not deleted yet.
pub(super) const IS_VISIBLE: &str = "
    files.agent_seq = :agent_seq AND (files.expires_at IS NULL OR files.expires_at > :now)
    AND (:integration IS NULL OR files.integration = :integration OR files.shared)";
