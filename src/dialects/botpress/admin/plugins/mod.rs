//! The resource `plugins`: its operations and DTOs.

pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod hub;
pub(in crate::dialects::botpress) mod operations;
pub(in crate::dialects::botpress) mod request;
