//! Botpress' Runtime API (`/v1/chat`): what a bot and its integrations call.

pub(in crate::dialects::botpress) mod actions;
pub(in crate::dialects::botpress) mod analytics;
pub mod conversations;
mod event_status;
pub(in crate::dialects::botpress) mod events;
pub(in crate::dialects::botpress) mod files;
pub(in crate::dialects::botpress) mod list_parameters;
pub mod messages;
pub(in crate::dialects::botpress) mod participants;
mod state_expiry;
pub(in crate::dialects::botpress) mod states;
pub(in crate::dialects::botpress) mod tag_values;
pub(in crate::dialects::botpress) mod tags;
pub(in crate::dialects::botpress) mod tasks;
pub mod users;
pub(in crate::dialects::botpress) mod workflows;
