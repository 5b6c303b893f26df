//! Botpress' Files API (`/v1/files`, botpress-today.md §6): files with a key, their passages, and knowledge bases.

pub(in crate::dialects::botpress) mod bytes;
mod dto;
pub(in crate::dialects::botpress) mod filter;
pub(in crate::dialects::botpress) mod knowledge_bases;
pub(in crate::dialects::botpress) mod operations;
pub(in crate::dialects::botpress) mod passages;
mod passages_dto;
mod range;
mod request;
