//! The network: the only way out, and tunnels in for programs in development. No SQL, no tables.

pub mod outbound;
pub mod tunnels;
