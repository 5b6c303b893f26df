//! Document search and the answers that are built from it: connectors, folders and Cohere's chat.

pub mod answers;
pub mod chat;
pub mod connectors;
pub(in crate::domain) mod feature;
pub mod folders;
