//! The resource `usages`: its operations and DTOs.

pub(in crate::dialects::botpress) mod activity;
pub(in crate::dialects::botpress) mod activity_dto;
pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod operations;
