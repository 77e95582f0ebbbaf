//! Out-of-memory handling: restores the terminal and prints one line of advice.

use std::cell::Cell;
use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::terminal;

/// True once a thread is ending the process.
static ENDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    static MINE: Cell<bool> = const { Cell::new(false) };
}

/// Registers the handler for failed allocations.
pub(crate) fn install() {
    // Created now, because creating it allocates memory.
    let _ = io::stdout();
    seq2seq::on_refused_memory(end);
}

/// Ends the process with status 1. It neither allocates memory nor takes a lock.
fn end(bytes: usize) {
    if ENDING.swap(true, Ordering::SeqCst) {
        if MINE.get() {
            // Restoring the terminal needed memory, too.
            process::exit(1);
        }
        loop {
            thread::park();
        }
    }
    MINE.set(true);
    terminal::give_back_in_need();
    let mut line = [0; 512];
    say(line_of(&mut line, bytes));
    process::exit(1);
}

/// Writes the message into `line` and returns the written part.
fn line_of(line: &mut [u8], bytes: usize) -> &[u8] {
    let mut rest = &mut *line;
    let room = rest.len();
    // The buffer is large enough for the text and any number.
    let _ = writeln!(
        rest,
        "error: out of memory: the system refused {bytes} more bytes. A smaller batch, model or \
         vocabulary, or shorter sentences (max_source_words, max_target_words) need less. A run \
         goes on from its last checkpoint with --resume"
    );
    let written = room - rest.len();
    line.get(..written).unwrap_or_default()
}

/// Writes to stderr without taking its lock.
fn say(line: &[u8]) {
    #[cfg(unix)]
    let _ = rustix::io::write(io::stderr(), line);
    #[cfg(not(unix))]
    let _ = io::stderr().write_all(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_room_for_any_number() {
        let mut line = [0; 512];
        let said = std::str::from_utf8(line_of(&mut line, usize::MAX)).unwrap();
        assert!(said.starts_with("error: out of memory: the system refused 18446744073709551615"));
        assert!(said.ends_with("--resume\n") && said.lines().count() == 1, "{said}");
    }
}
