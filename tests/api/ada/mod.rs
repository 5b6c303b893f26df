//! `/api`: the Ada dialect.

mod end_users;
mod webhooks;
