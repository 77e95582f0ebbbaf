//! The terminal of `mpirun`, lent to rank 0 for the dashboard.
//!
//! `mpirun` starts its processes in groups of their own, in the background of its terminal, and gives
//! them no terminal as stdin. While the dashboard is open, rank 0 takes the foreground. `mpirun` must not
//! read the terminal meanwhile: it would be stopped, as any process of the background. Its option
//! `--stdin none` sees to that.

use std::fs::{self, File, read_link};
use std::path::Path;

use nix::sys::signal::{SigSet, Signal};
use rustix::process::{Pid, getpgid, getpgrp, getppid};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use crate::terminal;

/// What comes of asking for the terminal.
#[derive(Debug)]
pub(crate) enum Lending {
    /// The terminal is lent until the value is dropped.
    Lent(LentTerminal),
    /// It could be lent if `mpirun` did not read it.
    IsRead,
    /// `mpirun` has no terminal.
    Nothing,
}

/// The terminal of `mpirun`; dropping it gives the foreground back.
#[derive(Debug)]
pub(crate) struct LentTerminal {
    terminal: File,
    owner: Pid,
}

impl LentTerminal {
    /// Takes the terminal, if `mpirun` is its foreground process and has it as stdin and stdout:
    /// stdin and stdout of this process are then that terminal.
    pub(crate) fn take() -> Lending {
        let Some((parent, terminal, owner)) = Self::find() else { return Lending::Nothing };
        if !reads_nothing(parent) {
            return Lending::IsRead;
        }
        Self::lend(terminal, owner).map_or(Lending::Nothing, Lending::Lent)
    }

    /// Returns `mpirun`, its terminal, and the foreground group of that, which is the group of `mpirun`.
    fn find() -> Option<(Pid, File, Pid)> {
        let parent = getppid()?;
        // The stdout of this process is not that of `mpirun`, which may be a file.
        let is_terminal = |number: u8| {
            let target = read_link(format!("/proc/{}/fd/{number}", parent.as_raw_nonzero()));
            target.is_ok_and(|target| {
                ["/dev/pts", "/dev"].iter().any(|folder| target.parent() == Some(Path::new(folder)))
                    && target != Path::new("/dev/null")
            })
        };
        if !(is_terminal(0) && is_terminal(1)) {
            return None;
        }
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let owner = tcgetpgrp(&terminal).ok()?;
        (getpgid(Some(parent)).ok()? == owner).then_some((parent, terminal, owner))
    }

    fn lend(terminal: File, owner: Pid) -> Option<Self> {
        // A process of the background that takes the foreground is stopped by this signal.
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTTOU);
        signals.thread_block().ok()?;
        tcsetpgrp(&terminal, getpgrp()).ok()?;
        terminal::set_lent(true);
        let lent = Self { terminal, owner };
        dup2_stdin(&lent.terminal).ok()?;
        dup2_stdout(&lent.terminal).ok()?;
        Some(lent)
    }
}

/// Returns true if `mpirun` was started with `--stdin none`.
fn reads_nothing(mpirun: Pid) -> bool {
    let line = fs::read(format!("/proc/{}/cmdline", mpirun.as_raw_nonzero())).unwrap_or_default();
    let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
    words.windows(2).any(|pair| matches!(pair, [b"--stdin" | b"-stdin", b"none"]))
}

impl Drop for LentTerminal {
    fn drop(&mut self) {
        let _ = tcsetpgrp(&self.terminal, self.owner);
        terminal::set_lent(false);
    }
}
