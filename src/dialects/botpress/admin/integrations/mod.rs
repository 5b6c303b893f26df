//! The resource `integrations`: its operations and DTOs.

pub(in crate::dialects::botpress) mod checks;
pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod icon_and_readme;
pub(in crate::dialects::botpress) mod list_dto;
pub(in crate::dialects::botpress) mod list_parameters;
pub(in crate::dialects::botpress) mod operations;
pub(in crate::dialects::botpress) mod request;
