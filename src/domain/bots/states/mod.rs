//! States: JSON values that a bot or an integration stores for a conversation, a user, the bot or its
//! installation. Each program sees only its own states.

mod expiry;
mod owner;
mod rewind;
mod rows;
mod set;

use serde_json::{Map, Value};

pub(in crate::domain) use self::{
    expiry::{ExpiredState, delete_expired, next_expiry},
    rewind::REPAIRS,
};
pub use self::{
    rows::find,
    set::{get_or_set, patch, set, set_expiry},
};
pub use super::definitions::StateKind;
use crate::kernel::{
    Timestamp,
    ids::{ConversationId, EndUserId, StateId},
};

/// A state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Id of the state.
    pub id: StateId,
    /// Name of the state.
    pub name: String,
    /// Kind of object that owns the state.
    pub kind: StateKind,
    /// The conversation that owns the state.
    pub conversation_id: Option<ConversationId>,
    /// The user that owns the state.
    pub user_id: Option<EndUserId>,
    /// The stored JSON object.
    pub payload: Map<String, Value>,
    /// Time of the first write.
    pub created_at: Timestamp,
    /// Time of the last write.
    pub updated_at: Timestamp,
    /// Time after the last write until the state expires, in milliseconds.
    pub(in crate::domain) expires_after: Option<i64>,
    /// Time of expiry.
    pub(in crate::domain) expires_at: Option<Timestamp>,
}

/// Key of a state in the call's bot.
#[derive(Debug, Clone)]
pub struct Key {
    /// Kind of object that owns the state.
    pub kind: StateKind,
    /// Id of the owner.
    pub owner: String,
    /// Name of the state.
    pub name: String,
}
