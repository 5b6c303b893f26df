//! `/api/public`: the Aloochat dialect.

mod access;
mod integrations;
mod list;
mod secrets;
mod settings;
mod types;
