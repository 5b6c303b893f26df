//! `/v1/admin`.

mod account;
mod audit;
mod billing;
mod bots;
mod members;
mod people;
mod roles;
mod tokens;
mod usages;
mod workspaces;
