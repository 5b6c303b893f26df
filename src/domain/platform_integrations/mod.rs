//! Ada's platform integrations (ada.md §2): an agent defines an integration, and agents install it by filling in
//! its form. The integration then acts for each installation with access tokens of limited scopes.
//!
//! Botpress integrations and connectors to external services are separate concepts with their own modules.

mod definition;
pub(in crate::domain) mod feature;
mod form;
mod form_values;
mod identifier;
mod install;
mod installations;
mod integrations;
mod rewind;
mod rows;
mod status;
mod tokens;
mod uninstall;

pub use super::tenancy::access_tokens::{Grant, Scope};
pub use definition::{Definition, DefinitionChanges, Tag};
pub use form::{Form, FormAlternative, FormChoice, FormItem, FormItemKind, TextInput};
pub use form_values::{FormValues, SubmittedForm};
pub use install::{NewInstallation, install};
pub use installations::{
    Installation, InstallationStatus, InstallationSummary, find_by_access_token,
    list_installations, set_status,
};
pub use integrations::{
    CreatedIntegration, IntegrationPage, create, find_any, list, list_all, update,
};
pub use status::{approve, archive};
pub use tokens::{Credential, IssuedTokens, TokenError, TokenKind, exchange};
pub use uninstall::{UninstallNotification, list_uninstall_notifications, run, uninstall};

pub(super) use rewind::REPAIRS;

use std::time::Duration;

use super::shared::sql::text_enum;
use crate::kernel::{
    Error, Timestamp,
    ids::{AgentId, PlatformIntegrationId},
};

text_enum! {
    /// The publication status of an integration.
    pub enum IntegrationStatus {
        /// Can be changed.
        Development = "development",
        /// Approved; can no longer be changed.
        Approved = "approved",
        /// Can no longer be installed.
        Archived = "archived",
    }
}

/// An integration that agents can install.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformIntegration {
    /// Id of the integration, which is also its OAuth client id.
    pub id: PlatformIntegrationId,
    /// The agent that created it.
    pub agent_id: AgentId,
    /// Publication status.
    pub status: IntegrationStatus,
    /// Definition.
    pub definition: Definition,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Validity periods of codes and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetimes {
    /// Validity of an authorization code.
    pub code: Duration,
    /// Validity of an access token.
    pub access_token: Duration,
    /// Validity of a refresh token.
    pub refresh_token: Duration,
}

fn not_found() -> Error {
    Error::not_found("Platform integration not found")
}

fn installation_not_found() -> Error {
    Error::not_found("Platform integration installation not found")
}
