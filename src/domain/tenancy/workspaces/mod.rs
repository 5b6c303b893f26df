//! Workspaces: the tenants.

pub(in crate::domain) mod change;
mod details;
mod rows;

pub use self::{
    change::{Changes, change_plan, open, set_blocked, update},
    details::{Details, details, list_mine},
    rows::{Spending, Workspace, create, find, is_blocked, list, plan, spending},
};
