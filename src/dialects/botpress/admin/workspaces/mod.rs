//! The resource `workspaces`: its operations and DTOs.

pub(in crate::dialects::botpress) mod dto;
pub(in crate::dialects::botpress) mod operations;
pub(in crate::dialects::botpress) mod preferences;
pub(in crate::dialects::botpress) mod public;
