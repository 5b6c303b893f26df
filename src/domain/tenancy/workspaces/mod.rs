//! Workspaces: the tenants.

mod details;
mod rows;
pub(in crate::domain) mod update;

pub use self::{
    details::{WorkspaceDetails, details, list_mine},
    rows::{Spending, Workspace, create, find, is_blocked, list, plan, spending},
    update::{WorkspacePatch, change_plan, open, set_blocked, update},
};
