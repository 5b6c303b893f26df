//! `/v1/chat/workflows`: the workflows of a bot.

pub mod dto;
pub mod operations;
pub mod request;
