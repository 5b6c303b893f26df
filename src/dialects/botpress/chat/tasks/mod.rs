//! `/v1/chat/tasks`: the tasks of a bot.

pub mod dto;
pub mod operations;
