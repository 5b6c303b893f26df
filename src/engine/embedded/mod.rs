//! QuickJS in this process: an isolate on a thread of its own for each program.
//!
//! The thread sleeps until a call, an answer to a `fetch`, or a timer wakes it, and then runs the
//! code until nothing is left to run: a *turn*. Calls interleave between turns, so a handler that
//! waits holds up nobody. A turn, and whatever it starts, belongs to one call, which is charged for
//! it. The code reaches nothing but the host functions of `host` and the modules in `js/`.

mod budget;
mod crypto;
mod desk;
mod errors;
mod fetch;
mod flight;
mod host;
mod isolate;
mod modules;
mod turns;
mod url;
mod zone;

pub(super) use isolate::{Isolate, Surroundings};
