//! The program. Everything it does is in [`parlance::cli`].

use std::process::ExitCode;

/// What one thread allocates another frees here: requests come in on one and are written on another.
/// The system's allocator takes a lock for each of them.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    parlance::cli::run()
}
