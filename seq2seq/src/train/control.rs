//! Commands between two steps: pauses, single steps, and other requests of the user.

use crate::command::Command;
use crate::link::Link;

/// State of pauses and single steps.
#[derive(Debug, Default)]
pub(super) struct Control {
    paused: bool,
    step_once: bool,
}

impl Control {
    /// Returns `true` if the next step waits for a command.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Returns the next command before a step; waits for it if the run is paused. `None` if the
    /// step is to run.
    pub(super) fn next(&mut self, link: &mut Link) -> Option<Command> {
        // The single step runs before any other command.
        if std::mem::take(&mut self.step_once) {
            return None;
        }
        let command = if self.paused {
            // The viewer has gone and cannot resume the run, so it continues.
            link.wait_command().unwrap_or(Command::Resume)
        } else {
            link.try_command()?
        };
        match command {
            Command::Pause => self.paused = true,
            Command::Resume => self.paused = false,
            Command::StepOnce => (self.paused, self.step_once) = (true, true),
            _ => {}
        }
        Some(command)
    }
}
