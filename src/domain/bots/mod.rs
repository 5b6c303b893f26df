//! The Botpress model: bots and integrations with their definitions and data, and the calls between them.

pub mod actions;
pub(in crate::domain) mod author;
pub(in crate::domain) mod callable;
pub mod conversations;
pub mod definitions;
pub mod deliveries;
pub mod events;
pub mod feature;
pub mod files;
pub mod inbound;
pub mod inbound_log;
pub mod index_check;
pub mod installations;
pub mod integrations;
pub(in crate::domain) mod list_query;
pub mod manage;
pub mod messages;
pub(in crate::domain) mod package_files;
pub(in crate::domain) mod package_names;
pub mod packages;
pub(in crate::domain) mod protocol;
pub mod schedules;
pub(in crate::domain) mod schema_set;
pub mod states;
pub mod tags;
pub mod users;
pub mod versions;
