//! The resource `messages`: its operations and DTOs.

pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod imports;
pub(in crate::dialects::botpress) mod initialize;
pub(in crate::dialects::botpress) mod operations;
