//! The modes of the keyboard, and the effects that the model requests.

use seq2seq::Command;

/// Whether the dashboard trains the run or only watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The run is trained by this process and takes commands.
    Training,
    /// The run belongs to another process, or is over.
    Watching,
}

/// The current mode of the keyboard.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Mode {
    /// Keys have the actions of the table.
    #[default]
    Normal,
    /// The help is open, scrolled down by this many lines.
    Help(usize),
    /// The prompt that offers the ways to quit is open.
    Quit,
    /// The prompt to confirm this learning rate is open.
    LearningRate(f32),
    /// A sentence is being typed.
    Typing(String),
}

/// An effect that the model requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command to the run.
    Send(Command),
    /// Leave the dashboard; the run continues in plain lines.
    Detach,
    /// Exit immediately, without waiting for the run.
    Abort,
    /// Suspend the process.
    Suspend,
    /// Redraw the whole screen.
    Redraw,
}

/// The ways to quit: key, word, explanation.
pub const QUIT_CHOICES: [(char, &str, &str); 4] = [
    ('s', "stop", "save, then end; it can be resumed"),
    ('d', "detach", "train on, in plain lines"),
    ('k', "kill", "end now, unsaved"),
    ('c', "cancel", "back to the dashboard"),
];
