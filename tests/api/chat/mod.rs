//! The built-in chat: its API at the webhook of an installation, and how a bot comes to have it.

mod given;
mod users;
