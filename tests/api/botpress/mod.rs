//! Botpress (seed 004): the operations, each with its snapshots.

mod access;
pub mod admin;
mod chat;
mod chat_page;
mod cognitive;
mod contract;
mod errors;
mod files;
pub mod given;
mod hostile;
mod isolation;
mod names;
mod reach;
pub mod runtime;
mod secrets;
mod tables;
mod tunnels;
