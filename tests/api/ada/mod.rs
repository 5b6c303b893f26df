//! `/api`: the Ada dialect.

//! `/api`: the Ada dialect.

mod end_users;
mod platform_integrations;
pub mod webhooks;
