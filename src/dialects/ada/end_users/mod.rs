//! The resource `end_users`: its operations and DTOs.

pub(in crate::dialects::ada) mod dto;
pub(in crate::dialects::ada) mod operations_v1;
pub(in crate::dialects::ada) mod operations_v2;
