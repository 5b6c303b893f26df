//! Durability, seen from outside: the real program is killed, traced, starved of disk, damaged and
//! stopped, and what it had acknowledged is compared with what it still has.
//!
//! Nothing here links the server. Every process is one that a test has started, every wait has an
//! end, and everything is on the loopback interface and in a temporary directory. The tests of the
//! write trace and of disk faults need `strace`.
//!
//! `PARLANCE_CRASH_ROUNDS` sets how many rounds those tests have that count them (50 kills by default, and 8
//! of clients that are gone and of deleted rows),
//! `PARLANCE_POWER_IMAGES` after how many power failures it is started (24 by default), and
//! `PARLANCE_CRASH_SEED` the seed of a run that is to be repeated.

mod aborts;
mod api;
mod backup;
mod clock;
mod command;
mod conversation;
mod damage;
mod database;
mod faults;
mod first_start;
mod fsync;
mod keys;
mod kill;
mod ledger;
mod numbers;
mod power;
mod process;
mod readers;
mod refusals;
mod stop;
mod strace;
mod system_clock;
mod trace;
mod whole_bot;
mod worker;
mod workflow;

use std::io::{self, Write};

/// Says a line that `cargo test` shows even where the test passes.
fn say(line: &str) {
    // Not through `eprintln!`, which the harness captures. Whether it arrives decides no test.
    let _ = writeln!(io::stderr(), "{line}");
}
