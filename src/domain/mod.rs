//! Behaviour of the product: one area for each group of concepts, each with its own SQL. Routes, DTOs and error bodies
//! belong to the dialects.
//!
//! Every function takes the tenant that it acts for, and every statement filters by that tenant: a row of another
//! tenant gives the same result as a missing row. Usage and audit records are written in the transaction of the change
//! that causes them; [`App::run_write_tx`] is the entry point.

pub mod ai;
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
    lifecycle::open::{Renderers, Settings, open},
    tenancy::{
        app::{Addresses, App},
        write_tx::WriteTx,
    },
};
