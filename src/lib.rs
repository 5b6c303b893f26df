//! Parlance.
pub mod kernel;
