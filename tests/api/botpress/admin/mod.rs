//! `/v1/admin`.

mod account;
mod bots;
