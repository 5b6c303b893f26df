//! What concerns every area at once: opening the domain, a clock that goes back, deleting a workspace, revoking a key.

pub mod clock_rewind;
pub mod key_revocation;
pub(in crate::domain) mod open;
pub mod workspace_deletion;
