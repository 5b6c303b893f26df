//! Tenants: authentication, authorization, quotas and billing.
//!
//! [`app::App`] is the handle that every domain function uses; [`request_auth`] turns a token into the context of an
//! authenticated request; [`write_tx`] runs the write transactions of the domain.

pub mod access_tokens;
pub mod account_call;
pub mod account_changes;
pub mod accounts;
pub(in crate::domain) mod acting_installation;
pub mod admission;
pub mod agents;
pub mod allowlist;
pub mod api_keys;
pub(in crate::domain) mod app;
pub mod audit;
pub(in crate::domain) mod auth_scope;
pub(in crate::domain) mod authorize;
pub mod bearer_token;
pub mod billing;
pub mod bootstrap;
pub mod bounds;
pub(in crate::domain) mod claims;
pub(in crate::domain) mod commit_batch;
pub(in crate::domain) mod features;
pub(in crate::domain) mod keyring;
pub mod members;
pub mod operator;
pub mod preferences;
pub(in crate::domain) mod principal_cache;
pub mod quotas;
pub mod request_auth;
pub(in crate::domain) mod rewind;
pub mod sealed_columns;
pub mod usage;
pub mod workspaces;
pub(in crate::domain) mod write_tx;
