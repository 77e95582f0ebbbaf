//! The modes of the keyboard, and the effects that the model requests.

use std::path::PathBuf;

use seq2seq::Command;

use super::settings_form::SettingsForm;

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
    /// The explanation of the page is open.
    Explain,
    /// The prompt that offers the ways to quit is open.
    Quit,
    /// The prompt to confirm this learning rate is open.
    LearningRate(f32),
    /// The form of the settings that may change is open.
    Settings(SettingsForm),
    /// A sentence is being typed.
    Typing(String),
    /// The filter of the list of runs is being typed.
    Filtering,
    /// The text that replaces a source word is being typed.
    Replacing(String),
    /// A part of the names of parameters is being typed.
    Find(String),
    /// The name of another run is being typed.
    Beside(String),
    /// The number or a part of a held-out sentence is being typed.
    HeldOut(String),
    /// The words that units follow are being typed.
    Word(String),
    /// The prompt to confirm this change to a run of the list is open.
    Run(RunRequest),
}

/// A request about a run of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunRequest {
    /// Show it.
    Open(PathBuf),
    /// Ask the process that trains it to stop and save.
    Stop(PathBuf),
    /// Close the list, and continue it in this terminal.
    Resume(PathBuf),
    /// Continue the run that is open, which is over, in this terminal with other settings.
    ResumeWith(Vec<(String, String)>),
}

/// A movement along the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// To the maps before.
    Earlier,
    /// To the maps of half a minute of training before.
    HalfMinute,
    /// To the maps after.
    Later,
    /// To the first maps.
    First,
    /// To the newest maps, which are then followed.
    Newest,
}

/// An effect that the model requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command to the run.
    Send(Command),
    /// Open, stop or resume a run of the list.
    Run(RunRequest),
    /// Close the dashboard; the run continues in plain lines in the same terminal.
    PlainLines,
    /// Exit immediately, without waiting for the run.
    Abort,
    /// Suspend the process.
    Suspend,
    /// Redraw the whole screen.
    Redraw,
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Write the screen and the plots of the page.
    Picture,
    /// Read the log of another run, to show it beside this one.
    OpenBeside(String),
    /// Stop reading the logs of other runs.
    CloseBeside,
    /// Stop reading the log of one other run.
    CloseOne(String),
    /// Begin to list the runs of the folder.
    ListRuns,
}

/// The answer to the quit prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuitAnswer {
    /// Save, then end.
    Stop,
    /// Continue in plain lines.
    PlainLines,
    /// End at once.
    Kill,
    /// Back to the dashboard.
    Cancel,
}

/// A choice of the quit prompt.
#[derive(Debug, Clone, Copy)]
pub struct QuitChoice {
    /// The answer.
    pub answer: QuitAnswer,
    /// The letters that choose it, the offered one first.
    pub letters: &'static [char],
    /// The letters, as displayed.
    pub label: &'static str,
    /// A word or two.
    pub word: &'static str,
    /// What happens.
    pub explanation: &'static str,
}

/// The choices of the quit prompt. Esc cancels, too.
pub const QUIT_CHOICES: [QuitChoice; 4] = [
    QuitChoice {
        answer: QuitAnswer::Stop,
        letters: &['s', 'y'],
        label: "s y",
        word: "stop",
        explanation: "save, then end; it can be resumed",
    },
    QuitChoice {
        answer: QuitAnswer::PlainLines,
        letters: &['p'],
        label: "p",
        word: "plain lines",
        explanation: "close the dashboard, train on here",
    },
    QuitChoice {
        answer: QuitAnswer::Kill,
        letters: &['k'],
        label: "k",
        word: "kill",
        explanation: "end now, unsaved",
    },
    QuitChoice {
        answer: QuitAnswer::Cancel,
        letters: &['c', 'q'],
        label: "c q",
        word: "cancel",
        explanation: "back to the dashboard",
    },
];
