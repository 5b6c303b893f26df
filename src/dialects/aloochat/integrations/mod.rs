//! The resource `integrations`: its operations and DTOs.

pub(in crate::dialects::aloochat) mod dto;
pub(in crate::dialects::aloochat) mod operations;
