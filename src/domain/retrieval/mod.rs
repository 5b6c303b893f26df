//! Finding documents and answering from them: connectors, folders, the chat.

pub mod answers;
pub mod chat;
pub mod connectors;
pub(in crate::domain) mod feature;
pub mod folders;
