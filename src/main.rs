//! The `antiphon` program: everything is in the library; this only runs the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    antiphon::cli::run()
}
