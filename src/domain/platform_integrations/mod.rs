//! Platform integrations: an agent defines one, agents install it by filling in its form, and its
//! integration acts for each installation with tokens of limited scopes.
//!
//! The seed is Ada's (000, `ada.md` §2). What only looks alike (Botpress integrations, connections
//! to outside services) has modules of its own.

mod answers;
mod definition;
pub(in crate::domain) mod feature;
mod form;
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
pub use answers::{Answers, Typed};
pub use definition::{Changes, Definition, Tag};
pub use form::{Alternative, Choice, Form, Item, ItemKind, TextInput};
pub use install::{Installed, install};
pub use installations::{
    Connection, Installation, InstallationStatus, connections, find_own, set_status,
};
pub use integrations::{Created, Page, create, find_any, list, list_all, update};
pub use status::{approve, archive};
pub use tokens::{Refusal, TokenKind, Tokens, Use, exchange};
pub use uninstall::{Farewell, deliver_due, farewells, uninstall};

pub(super) use rewind::MENDS;

use std::time::Duration;

use super::shared::sql::text_enum;
use crate::kernel::{
    Error, Timestamp,
    ids::{AgentId, PlatformIntegrationId},
};

text_enum! {
    /// Where an integration is on its way to the public.
    pub enum Status {
        /// It can be changed.
        Development = "development",
        /// It was approved and stays as it is.
        Approved = "approved",
        /// It can no longer be installed.
        Archived = "archived",
    }
}

/// An integration that agents can install.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformIntegration {
    /// Its id, which is also its OAuth client id.
    pub id: PlatformIntegrationId,
    /// The agent that created it.
    pub agent_id: AgentId,
    /// Where it stands.
    pub status: Status,
    /// What it is.
    pub definition: Definition,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How long codes and tokens are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of a code.
    pub code: Duration,
    /// Of an access token.
    pub access_token: Duration,
    /// Of a refresh token.
    pub refresh_token: Duration,
}

fn not_found() -> Error {
    Error::not_found("Platform integration not found")
}

fn installation_not_found() -> Error {
    Error::not_found("Platform integration installation not found")
}
