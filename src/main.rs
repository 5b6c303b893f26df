//! The `parlance` program. The command line is in [`parlance::cli`].

use std::process::ExitCode;

/// jemalloc, because threads free memory that other threads allocated (one reads a request, another writes it), and
/// the system allocator locks on each such free.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    parlance::cli::run()
}
