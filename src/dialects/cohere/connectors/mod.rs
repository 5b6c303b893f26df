//! The resource `connectors`: its operations and DTOs.

pub(in crate::dialects::cohere) mod auth_dto;
pub(in crate::dialects::cohere) mod dto;
pub(in crate::dialects::cohere) mod logs;
pub(in crate::dialects::cohere) mod oauth;
pub(in crate::dialects::cohere) mod operations;
