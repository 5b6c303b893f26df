//! The built-in chat: its API at the webhook of an installation, and how a bot comes to have it.

mod access;
mod conversations;
mod cors;
mod events;
pub mod given;
mod hello;
mod install;
mod isolation;
pub mod keys;
mod limits;
mod listen;
mod message_streams;
mod messages;
mod participants;
mod secrets;
mod signal_webhook;
mod terminal;
mod users;
mod versions;
mod web_socket;
