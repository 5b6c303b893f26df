//! The resource `messages`: its operations and DTOs.

pub(in crate::dialects::chat_api) mod dto;
pub(in crate::dialects::chat_api) mod operations;
