//! The `standin` command: arguments in, exit code out; everything else is in the library.

mod allocator;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    standin::cli::run()
}
