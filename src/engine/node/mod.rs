//! Node.js children: one for each program that runs in Node.js. The server talks to a child over its standard
//! streams.
//!
//! A child has only the environment variables of its program, no files and no other processes (Node's permission
//! model). It ends when this server ends. `[outbound]` does not apply to its requests.

mod child;
mod install;
mod lines;
mod protocol;
mod spawner;

pub(super) use self::{child::Child, install::NodeInstall};
