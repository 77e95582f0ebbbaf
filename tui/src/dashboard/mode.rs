//! What the keyboard does at present, and what the model asks to be done.

use seq2seq::Command;

/// Who looks: someone who trains, or someone who only watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The run is trained by this process and takes commands.
    Training,
    /// The run is another process's, or over.
    Watching,
}

/// What the keyboard does at present.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Mode {
    /// Keys are those of the table.
    #[default]
    Normal,
    /// The help is open, scrolled down by so many lines.
    Help(usize),
    /// The question how to quit is open.
    Quit,
    /// The question whether to use this learning rate is open.
    LearningRate(f32),
    /// A sentence is being typed.
    Typing(String),
}

/// What the model wants to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command to the run.
    Send(Command),
    /// Leave the dashboard; the run goes on in plain lines.
    Detach,
    /// Leave at once, without waiting for the run.
    Abort,
    /// Suspend the process.
    Suspend,
    /// Draw the whole screen anew.
    Redraw,
}

/// The answers to the question how to quit: key, word, explanation.
pub const QUIT_CHOICES: [(char, &str, &str); 4] = [
    ('s', "stop", "save, then end; it can be resumed"),
    ('d', "detach", "train on, in plain lines"),
    ('k', "kill", "end now, unsaved"),
    ('c', "cancel", "back to the dashboard"),
];
