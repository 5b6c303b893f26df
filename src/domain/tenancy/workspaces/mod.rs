//! Workspaces: the tenants.

mod details;
mod handles;
mod public;
mod rows;
mod system;
pub(in crate::domain) mod update;

pub(in crate::domain) use self::system::ensure_system;
pub use self::{
    details::{WorkspaceDetails, get_details, list_of_account},
    handles::{HandleAvailability, check_handle},
    public::{Profile, PublicFilter, get_public, list_public},
    rows::{Spending, Workspace, create, find, find_plan, find_spending, is_blocked, list},
    update::{WorkspacePatch, change_plan, create_owned, set_blocked, update},
};
