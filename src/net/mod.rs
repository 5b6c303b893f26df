//! Network access: the outbound HTTP client, and tunnels to programs in development. Uses no SQL.

pub mod outbound;
pub mod tunnels;
