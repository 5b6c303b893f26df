//! Botpress' Runtime API (`/v1/chat`): what a bot and its integrations call.

pub(in crate::dialects::botpress) mod actions;
pub mod conversations;
pub(in crate::dialects::botpress) mod events;
pub(in crate::dialects::botpress) mod files;
pub mod messages;
pub(in crate::dialects::botpress) mod participants;
pub(in crate::dialects::botpress) mod states;
pub(in crate::dialects::botpress) mod tags;
pub mod users;
