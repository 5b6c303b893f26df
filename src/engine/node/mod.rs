//! Node.js children: one for each program that runs in Node.js, spoken to over its standard
//! streams.
//!
//! A child has no variables but those of its program, no files, no processes (Node's permission
//! model), and ends when this server does. `[outbound]` does not bind what it sends.

mod child;
mod install;
mod lines;
mod parent;
mod protocol;

pub(super) use self::{child::Child, install::Install};
