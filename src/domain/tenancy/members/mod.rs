//! Members: the role of each account in each workspace.

mod manage;
mod rows;

use serde::Serialize;

pub use self::{
    manage::{change_role, find_membership_of_caller, invite, leave_or_remove, list_page},
    rows::{add, find_role, list, remove, set_role},
};
use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        Timestamp,
        ids::{AccountId, MemberId},
    },
};

text_enum! {
    /// Role of a member, from least to most permissions (botpress.md §1.2).
    pub enum Role {
        /// May read.
        Viewer = "viewer",
        /// May read and manage payments.
        Billing = "billing",
        /// May change bots and integrations.
        Developer = "developer",
        /// May also manage members.
        Manager = "manager",
        /// May do everything except give the workspace away.
        Administrator = "administrator",
        /// May do everything.
        Owner = "owner",
    }
}

/// A member of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Id of the membership.
    pub id: MemberId,
    /// Account of the member.
    pub account_id: AccountId,
    /// E-mail address of the account.
    pub email: String,
    /// Role in this workspace.
    pub role: Role,
    /// Time at which the membership began.
    pub created_at: Timestamp,
    /// Name of the account that others see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Address of the account's picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip)]
    seq: i64,
}
