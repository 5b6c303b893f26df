//! `/api`: the Ada dialect.

//! `/api`: the Ada dialect.

mod end_users;
pub mod platform_integrations;
pub mod webhooks;
