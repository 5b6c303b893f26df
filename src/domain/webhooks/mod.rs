//! Webhooks: what happens in an agent is told to the endpoints that its operators registered.
//!
//! An event becomes a message in the transaction of the change that caused it.

mod erase;
mod message;

pub use erase::erase_tagged;
pub use message::{Event, emit};
