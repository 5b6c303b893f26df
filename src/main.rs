//! The `parlance` program. The command line is in [`parlance::cli`].

use std::{any::type_name_of_val, process::ExitCode};

/// jemalloc, because threads free memory that other threads allocated (one reads a request, another writes it), and
/// the system allocator locks on each such free.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    parlance::cli::run(type_name_of_val(&ALLOCATOR))
}
