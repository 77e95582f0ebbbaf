//! The commands with which a terminal reports the mouse to the program, and stops doing so.

use std::fmt;
#[cfg(windows)]
use std::io;

use ratatui::crossterm::Command;
#[cfg(windows)]
use ratatui::crossterm::event::{DisableMouseCapture, EnableMouseCapture};

/// Reports buttons, the wheel, and movements with a button held, as text. The movements without a
/// button, which crossterm's own command asks for as well, are many and mean nothing here.
const TAKE_MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// The opposite of [`TAKE_MOUSE`], in the opposite order.
pub(crate) const LEAVE_MOUSE: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Takes the mouse.
#[derive(Debug)]
pub(crate) struct TakeMouse;

impl Command for TakeMouse {
    fn write_ansi(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(TAKE_MOUSE)
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        EnableMouseCapture.execute_winapi()
    }
}

/// Leaves the mouse to the terminal.
#[derive(Debug)]
pub(crate) struct LeaveMouse;

impl Command for LeaveMouse {
    fn write_ansi(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(LEAVE_MOUSE)
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        DisableMouseCapture.execute_winapi()
    }
}
