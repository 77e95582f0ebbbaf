//! The program: everything is in the library of this package, so that tests can reach it.
#![forbid(unsafe_code)]

/// Memory that cannot be had ends the program with one line, the terminal given back.
#[global_allocator]
static ALLOCATOR: seq2seq::Reporting = seq2seq::Reporting;

fn main() -> std::process::ExitCode {
    tui::run()
}
