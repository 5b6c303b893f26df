//! Requests that arrive for programs: webhooks of integrations, and tunnels.

pub(in crate::dialects::botpress) mod tunnels;
pub(in crate::dialects::botpress) mod webhooks;
