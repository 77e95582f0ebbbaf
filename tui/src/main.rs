//! The program's entry point. The code is in the library of this package, so that tests can use it.
#![forbid(unsafe_code)]

/// If an allocation fails, restores the terminal and ends the program with a one-line error.
#[global_allocator]
static ALLOCATOR: seq2seq::Reporting = seq2seq::Reporting;

fn main() -> std::process::ExitCode {
    tui::run()
}
