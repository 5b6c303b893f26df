//! Botpress' Admin API (`/v1/admin`): what a developer manages.

pub(in crate::dialects::botpress) mod account;
pub(in crate::dialects::botpress) mod audit;
pub mod billing;
pub(in crate::dialects::botpress) mod bot_issues;
pub(in crate::dialects::botpress) mod bot_reports;
pub mod bots;
pub(in crate::dialects::botpress) mod configurations_dto;
pub(in crate::dialects::botpress) mod definitions_dto;
pub(in crate::dialects::botpress) mod hub;
pub(in crate::dialects::botpress) mod installations_dto;
pub mod integrations;
pub mod interfaces;
pub(in crate::dialects::botpress) mod introspect;
pub(in crate::dialects::botpress) mod logs_dto;
pub(in crate::dialects::botpress) mod members;
pub(in crate::dialects::botpress) mod packages_dto;
pub(in crate::dialects::botpress) mod personal_access_tokens;
pub mod plugins;
pub mod usages;
pub mod workspaces;
