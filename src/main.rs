//! The program. Everything it does is in [`parlance::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    parlance::cli::run()
}
