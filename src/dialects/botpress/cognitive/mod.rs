//! `/v2/cognitive`: text, images and speech from the operator's model server (botpress-today.md §9). The native program
//! of the built-in integration `local-llm` offers the same text to code that calls actions.

mod audio_dto;
mod auth;
mod image_dto;
mod llm;
pub mod media;
mod metadata_dto;
pub mod models;
mod names;
mod text_dto;
mod text_request;
pub mod texts;

pub use self::llm::native_programs;
