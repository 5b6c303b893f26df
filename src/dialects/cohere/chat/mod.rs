//! The resource `chat`: its operations and DTOs.

pub(in crate::dialects::cohere) mod dto;
pub(in crate::dialects::cohere) mod operations;
pub(in crate::dialects::cohere) mod request_dto;
pub(in crate::dialects::cohere) mod stream;
