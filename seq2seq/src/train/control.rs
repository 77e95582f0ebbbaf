//! Commands between two steps: pausing, single steps, and what else a person asks for.

use crate::command::Command;
use crate::link::Link;

/// Whether the loop waits before its next step.
#[derive(Debug, Default)]
pub(super) struct Control {
    paused: bool,
    step_once: bool,
}

impl Control {
    /// True where the next step waits for a command.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// The next command before a step, waited for where the run is paused; `None` where the step is
    /// to be done.
    pub(super) fn next(&mut self, link: &mut Link) -> Option<Command> {
        // One step first: what else waits, waits until after it.
        if std::mem::take(&mut self.step_once) {
            return None;
        }
        let command = if self.paused {
            // Nobody left to resume: go on.
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
