//! Members: which account may do what in which workspace.

mod manage;
mod rows;

use serde::Serialize;

pub use self::{
    manage::{change_role, invite, leave_or_remove, list_page},
    rows::{add, list, remove, role, set_role},
};
use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        Timestamp,
        ids::{AccountId, MemberId},
    },
};

text_enum! {
    /// What a member may do, from least to most (botpress.md §1.2).
    pub enum Role {
        /// May look.
        Viewer = "viewer",
        /// May look and pay.
        Billing = "billing",
        /// May change bots and integrations.
        Developer = "developer",
        /// May also manage members.
        Manager = "manager",
        /// May do everything but give the workspace away.
        Administrator = "administrator",
        /// May do everything.
        Owner = "owner",
    }
}

/// A member of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The id of the membership.
    pub id: MemberId,
    /// The account.
    pub account_id: AccountId,
    /// Its e-mail address.
    pub email: String,
    /// Its role in this workspace.
    pub role: Role,
    /// Since when it is a member.
    pub created_at: Timestamp,
    #[serde(skip)]
    seq: i64,
}
