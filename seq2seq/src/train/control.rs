//! Commands between two steps: pauses, single steps, and other requests of the user.

use std::time::Duration;

use crate::command::Command;
use crate::link::Link;

/// What comes next.
pub(super) enum Next {
    /// A command.
    Command(Command),
    /// The step.
    Step,
    /// Nothing yet.
    Nothing,
}

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

    /// Returns the next command before a step; waits for it if the run is paused, up to `patience`.
    pub(super) fn next(&mut self, link: &mut Link, patience: Duration) -> Next {
        // The single step runs before any other command.
        if std::mem::take(&mut self.step_once) {
            return Next::Step;
        }
        let command = if self.paused {
            match link.wait_command(patience) {
                Some(command) => command,
                // The viewer has gone and cannot resume the run, so it continues.
                None if link.has_lost_viewer() => Command::Resume,
                None => return Next::Nothing,
            }
        } else {
            match link.try_command() {
                Some(command) => command,
                None => return Next::Step,
            }
        };
        match command {
            Command::Pause => self.paused = true,
            Command::Resume => self.paused = false,
            Command::StepOnce => (self.paused, self.step_once) = (true, true),
            _ => {}
        }
        Next::Command(command)
    }
}
