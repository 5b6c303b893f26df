//! The resource `conversations`: its operations and DTOs.

pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod operations;
