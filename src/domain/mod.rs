//! Behaviour: one module for each concept of the domain, each with its own SQL.
//!
//! Every function takes the tenant it acts for, and every statement filters by it: another
//! tenant's row answers like a missing one. What a change causes (usage, audit) is written in the
//! transaction of the change; [`App::change`] is the way in.

pub mod bots;
pub mod end_users;
pub mod inbox;
pub mod lifecycle;
pub mod platform_integrations;
pub mod retrieval;
pub mod service_integrations;
pub mod shared;
pub mod tenancy;
pub mod webchat;
pub mod webhooks;

pub use self::{
    lifecycle::open::{Settings, open},
    tenancy::{
        app::{Addresses, App},
        write_tx::Change,
    },
};
