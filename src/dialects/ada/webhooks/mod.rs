//! The resource `webhooks`: its operations and DTOs.

pub(in crate::dialects::ada) mod dto;
pub(in crate::dialects::ada) mod operations;
