//! Workspaces: the tenants.

mod details;
mod rows;
pub(in crate::domain) mod update;

pub use self::{
    details::{Details, details, list_mine},
    rows::{Spending, Workspace, create, find, is_blocked, list, plan, spending},
    update::{Changes, change_plan, open, set_blocked, update},
};
