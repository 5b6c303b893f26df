//! Requests that arrive for programs: webhooks of integrations, and tunnels.

pub(in crate::dialects::botpress) mod tunnels;
mod web_sockets;
pub(in crate::dialects::botpress) mod webhooks;
