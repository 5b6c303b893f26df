//! API keys: the API and the owner of each key. A value is shown once and stored as a hash.

mod kind;
mod manage;
mod personal;
mod verify;

pub(in crate::domain) use verify::read_with_generation;

pub use kind::{KeyKind, KeyOwner};
pub use manage::{ApiKey, KeyFilter, create, ensure_fixed, list, list_valid, revoke};
pub use personal::{create_personal, list_personal, revoke_personal};
pub use verify::{
    ValidKey, find_valid, find_valid_by_id, is_valid, read_generation, set_last_used,
};
