//! Behaviour: one module for each concept of the domain, each with its own SQL.
//!
//! Every function takes the tenant it acts for, and every statement filters by it: another
//! tenant's row answers like a missing one. What a change causes (usage, audit) is written in the
//! transaction of the change; [`Domain::change`] is the way in.

pub mod access;
pub mod accounts;
pub mod actions;
pub mod admission;
pub mod agents;
pub mod answers;
pub mod api_keys;
pub mod audit;
mod backoff;
pub mod billing;
pub mod bootstrap;
pub mod bots;
pub mod bounds;
mod change;
pub mod chat;
mod claims;
pub mod connectors;
mod context;
pub mod conversations;
mod declared;
pub mod definitions;
pub mod deliveries;
pub mod derived;
pub mod end_users;
pub mod events;
pub mod files;
pub mod folders;
pub mod holder;
pub mod inbound;
pub mod inbound_log;
pub mod inbox;
pub mod installations;
pub mod integrations;
mod keyring;
pub mod limits;
mod listing;
pub mod members;
pub mod messages;
mod numbers;
pub mod operator;
pub mod paging;
pub mod person;
mod place;
pub mod plans;
pub mod platform_integrations;
mod protocol;
pub mod quotas;
pub mod rewind;
mod rights;
pub mod schedules;
pub mod sealed;
pub mod service_integrations;
mod sql;
pub mod states;
pub mod tags;
mod tally;
pub mod usage;
pub mod users;
mod vocabulary;
pub mod webchat;
pub mod webhooks;
pub mod workspaces;

pub use change::Change;
pub use context::{Addresses, Domain, Settings};
