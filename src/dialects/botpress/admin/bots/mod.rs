//! The resource `bots`: its operations and DTOs.

pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod operations;
pub(in crate::dialects::botpress) mod plugins_dto;
pub(in crate::dialects::botpress) mod request;
