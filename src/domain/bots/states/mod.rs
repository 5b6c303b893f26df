//! States: what a bot or an integration keeps with a conversation, a user, the bot or the installation
//! of the integration. Each keeps its own: a bot and its integrations do not see one another's.

mod end;
mod owner;
mod rewind;
mod rows;
mod set;

use serde_json::{Map, Value};

pub(in crate::domain) use self::{
    end::{Ended, end, next_end},
    rewind::MENDS,
};
pub use self::{
    rows::find,
    set::{patch, set},
};
pub use super::definitions::StateKind;
use crate::kernel::{
    Timestamp,
    ids::{ConversationId, EndUserId, StateId},
};

/// A state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Its id.
    pub id: StateId,
    /// Its name.
    pub name: String,
    /// What it is kept with.
    pub kind: StateKind,
    /// The conversation that it is kept with.
    pub conversation_id: Option<ConversationId>,
    /// The user that it is kept with.
    pub user_id: Option<EndUserId>,
    /// What it says.
    pub payload: Map<String, Value>,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// After how many milliseconds without a change it ends.
    pub(in crate::domain) expires_after: Option<i64>,
    /// When it ends.
    pub(in crate::domain) expires_at: Option<Timestamp>,
}

/// Which state of the call's bot is meant.
#[derive(Debug, Clone)]
pub struct Key {
    /// What it is kept with.
    pub kind: StateKind,
    /// The id of that.
    pub owner: String,
    /// Its name.
    pub name: String,
}
