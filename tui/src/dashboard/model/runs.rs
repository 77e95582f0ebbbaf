//! How keys change the list of runs.

use std::path::Path;

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use seq2seq::RunStatus;

use super::Model;
use super::input::edit;
use crate::dashboard::keys::RunsAction;
use crate::dashboard::mode::{Effect, Mode, Role, RunRequest};
use crate::dashboard::page::Page;

impl Model {
    /// Performs an action on the list.
    pub(super) fn act_on_runs(&mut self, action: RunsAction) -> Vec<Effect> {
        let Some(list) = &mut self.runs else { return Vec::new() };
        match action {
            RunsAction::Move(rows) => {
                list.choose(rows.into());
                return Vec::new();
            }
            RunsAction::Order => {
                list.next_order();
                return Vec::new();
            }
            RunsAction::Filter => {
                list.keep_chosen();
                self.mode = Mode::Filtering;
                return Vec::new();
            }
            RunsAction::Open | RunsAction::Beside | RunsAction::Stop | RunsAction::Resume => {}
        }
        let Some(run) = list.chosen() else {
            self.tell("there is no run to choose");
            return Vec::new();
        };
        let (path, is_open) = (run.path.clone(), list.is_open(run));
        let summary = match &run.summary {
            Ok(summary) => summary,
            Err(why) => {
                let why = why.clone();
                self.tell(why);
                return Vec::new();
            }
        };
        let (status, process) = (summary.status, summary.process);
        let trains = self.role == Role::Training;
        match action {
            RunsAction::Beside if is_open => self.tell("it is the run that is open"),
            RunsAction::Beside => return self.toggle_beside(&path),
            RunsAction::Stop | RunsAction::Resume if is_open && trains => {
                self.tell("it is the run of this process: q stops it");
            }
            RunsAction::Resume if trains => {
                self.tell("this process trains a run: stop it first (q), then `tui watch`");
            }
            RunsAction::Open if trains && !is_open => {
                self.tell("this process shows its own run: b sets this one beside it, `tui watch` opens it");
            }
            RunsAction::Open if is_open => (self.page, self.pane) = (Page::Overview, 0),
            RunsAction::Stop if status != RunStatus::Live => self.tell("no process trains it"),
            RunsAction::Stop if process.is_none() => {
                self.tell("which process trains it cannot be told: stop it where it runs");
            }
            RunsAction::Stop => self.mode = Mode::Run(RunRequest::Stop(path)),
            RunsAction::Resume if status == RunStatus::Live => self.tell("it is being trained"),
            RunsAction::Resume if !status.is_resumable() => {
                self.tell(format!("it is {status}: --resume with other settings trains it on"));
            }
            RunsAction::Resume => self.mode = Mode::Run(RunRequest::Resume(path)),
            _ => {
                (self.page, self.pane, self.has_run) = (Page::Overview, 0, true);
                return vec![Effect::Run(RunRequest::Open(path))];
            }
        }
        Vec::new()
    }

    /// Shows a run of the list beside the one that is open, or no longer.
    fn toggle_beside(&mut self, path: &Path) -> Vec<Effect> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        if self.is_beside(&name) {
            self.close_one(&name);
            return vec![Effect::CloseOne(name)];
        }
        vec![Effect::OpenBeside(path.to_string_lossy().into_owned())]
    }

    /// Handles a key while the filter of the list is typed; it takes effect at once.
    pub(super) fn filtered(&mut self, event: KeyEvent) -> Vec<Effect> {
        let Some(list) = &mut self.runs else { return Vec::new() };
        match event.code {
            KeyCode::Enter => return Vec::new(),
            KeyCode::Esc => {
                list.filter.clear();
                return Vec::new();
            }
            KeyCode::Down => list.choose(1),
            KeyCode::Up => list.choose(-1),
            _ => edit(&mut list.filter, event),
        }
        self.mode = Mode::Filtering;
        Vec::new()
    }
}
