//! The `antiphon` program: everything is in the library; this only runs the command line.

use std::process::ExitCode;

/// A turn makes and drops hundreds of small values on one thread and hands others to the next: an allocator made for
/// that takes a third of the system's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    antiphon::cli::run()
}
