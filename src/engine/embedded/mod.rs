//! QuickJS in this process: one isolate on its own thread for each program.
//!
//! The thread sleeps until a call, a response to a `fetch` or a timer wakes it. It then runs the code until nothing
//! is left to run: a *turn*. Calls interleave between turns, so a handler that waits blocks no other call. A turn
//! belongs to one call, with everything that it starts, and its time counts for that call. The code can access only
//! the host functions of `host` and the modules in `js/`.

mod budget;
mod crypto;
mod errors;
mod event_loop;
mod fetch;
mod host;
mod in_flight;
mod isolate;
mod isolate_state;
mod modules;
mod time_zone;
mod url;

pub(super) use isolate::{Isolate, IsolateServices};
