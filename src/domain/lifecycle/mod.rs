//! Operations that concern every area: opening the application, repairs after the clock goes back, deleting a
//! workspace, revoking a key.

pub mod clock_rewind;
pub mod key_revocation;
pub(in crate::domain) mod open;
pub mod workspace_deletion;
