//! Workspaces: the tenants.

mod change;
mod deletion;
mod details;
mod rows;

pub use self::{
    change::{Changes, change_plan, open, set_blocked, update},
    deletion::{delete, purge, purge_first, work},
    details::{Details, details, list_mine},
    rows::{Spending, Workspace, create, find, is_blocked, list, plan, spending},
};
