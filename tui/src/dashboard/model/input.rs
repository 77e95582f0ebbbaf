//! How keys and signals change the model.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use seq2seq::Command;

use super::{Model, TRANSLATING};
use crate::dashboard::keys::{self, Action};
use crate::dashboard::mode::{Effect, Mode, QUIT_CHOICES, QuitAnswer, Role};
use crate::dashboard::page::Page;
use crate::run_state::State;

/// A second Ctrl-C within this time exits immediately.
const SECOND_INTERRUPT: Duration = Duration::from_secs(3);
/// Maximum number of characters in a typed sentence.
const TYPED: usize = 500;

impl Model {
    /// Handles a key and returns the effects to perform.
    pub fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        self.dirty = true;
        self.answers_key = true;
        let action = keys::action(event, self.page);
        match action {
            Some(Action::Interrupt) => return self.interrupt(),
            Some(Action::Suspend) => return vec![Effect::Suspend],
            Some(Action::Redraw) => return vec![Effect::Redraw],
            _ => {}
        }
        match std::mem::take(&mut self.mode) {
            Mode::Normal => action.map_or_else(Vec::new, |action| self.act(action)),
            Mode::Help(scroll) => {
                self.mode = match event.code {
                    KeyCode::Down | KeyCode::Char('j') => Mode::Help(scroll + 1),
                    KeyCode::Up | KeyCode::Char('k') => Mode::Help(scroll.saturating_sub(1)),
                    _ => Mode::Normal,
                };
                Vec::new()
            }
            Mode::Explain => Vec::new(),
            Mode::Quit => self.answer_quit(event.code),
            Mode::LearningRate(rate) => match event.code {
                KeyCode::Char('y') | KeyCode::Enter => {
                    vec![Effect::Send(Command::SetLearningRate(rate))]
                }
                _ => Vec::new(),
            },
            Mode::Settings(form) => self.settings_key(form, event),
            Mode::Typing(text) => self.typed(text, event),
            Mode::Filtering => self.filtered(event),
            Mode::Run(request) => match event.code {
                KeyCode::Char('y') | KeyCode::Enter => vec![Effect::Run(request)],
                _ => Vec::new(),
            },
            Mode::Replacing(text) => self.replaced(text, event),
            Mode::Find(text) => self.find(text, event),
            Mode::Beside(text) => self.beside_typed(text, event),
            Mode::HeldOut(text) => self.held_out_typed(text, event),
            Mode::Word(text) => self.word_typed(text, event),
        }
    }

    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        let commands = keys::BINDINGS.iter().any(|line| line.action == action && line.commands);
        if commands && self.role == Role::Watching {
            self.tell("watching only: commands go to the process that trains");
            return Vec::new();
        }
        if commands && !self.is_going_on() {
            self.tell("the run is over");
            return Vec::new();
        }
        match action {
            Action::Pause if self.run_state.state() == State::Paused => {
                self.send(Command::Resume, "")
            }
            Action::Pause => self.send(Command::Pause, ""),
            Action::Step => self.send(Command::StepOnce, ""),
            Action::Save => {
                self.awaits_save = true;
                self.send(Command::Save, "saving after this step ...")
            }
            Action::Evaluate => self.send(Command::Evaluate, "evaluating after this step ..."),
            Action::LogScale if self.page == Page::Curves => {
                self.curves_view.log = Some(!self.is_logarithmic());
                Vec::new()
            }
            Action::Curves(key) => {
                self.curves_key(key);
                Vec::new()
            }
            Action::OpenBeside => {
                self.mode = Mode::Beside(String::new());
                Vec::new()
            }
            Action::CloseBeside => {
                self.close_beside();
                vec![Effect::CloseBeside]
            }
            Action::Order => {
                self.parameters_view.next_order();
                Vec::new()
            }
            Action::Find => {
                self.mode = Mode::Find(self.parameters_view.filter.clone());
                Vec::new()
            }
            Action::MoveRows(further) => {
                let rows = self.parameters_view.rows(&self.history.parameters).len();
                self.parameters_view.move_by(further, rows);
                Vec::new()
            }
            Action::Layer => {
                let layers = self.flow().map_or(0, |flow| flow.series.len());
                self.parameters_view.next_layer(layers);
                Vec::new()
            }
            Action::LogScale => {
                self.log = Some(!self.is_logarithmic());
                Vec::new()
            }
            Action::Next => self.choose(1),
            Action::Previous => self.choose(self.sample_count().saturating_sub(1)),
            Action::Scroll(lines) => {
                self.history.journal.scroll(lines);
                Vec::new()
            }
            Action::Filter => {
                self.history.journal.next_filter();
                Vec::new()
            }
            Action::Runs(action) => self.act_on_runs(action),
            Action::Show(Page::Runs) if self.runs.is_none() => {
                self.tell("the list of runs: `tui watch` without a name");
                Vec::new()
            }
            Action::Show(page) if page != Page::Runs && !self.has_run => {
                self.tell("no run is open: Enter opens the chosen one");
                Vec::new()
            }
            Action::Show(Page::Runs) if self.page == Page::Runs && self.has_run => {
                (self.page, self.pane) = (Page::Overview, 0);
                Vec::new()
            }
            Action::Show(Page::Runs) => {
                (self.page, self.pane) = (Page::Runs, 0);
                vec![Effect::ListRuns]
            }
            Action::Show(page) => {
                self.pane = if self.page == page { self.pane + 1 } else { 0 };
                self.page = page;
                self.open_inspection()
            }
            Action::Inspect(key) => self.inspect_key(key),
            Action::Answer(key) => self.answer_key(key),
            Action::Explain => {
                self.mode = Mode::Explain;
                Vec::new()
            }
            Action::Travel(movement) => {
                self.travel(movement);
                Vec::new()
            }
            Action::Play => {
                self.play();
                Vec::new()
            }
            Action::Translate => {
                if self.translates() && self.run_state.start.is_some() {
                    self.mode = Mode::Typing(String::new());
                    self.recalled = 0;
                } else {
                    self.tell("only a translator takes a sentence, once it is built");
                }
                Vec::new()
            }
            Action::Picture => vec![Effect::Picture],
            Action::Settings => {
                self.open_settings();
                Vec::new()
            }
            Action::Slower => self.ask_rate(0.5),
            Action::Faster => self.ask_rate(2.0),
            Action::Help => {
                self.mode = Mode::Help(0);
                Vec::new()
            }
            Action::Quit => {
                if self.is_going_on() {
                    self.mode = Mode::Quit;
                } else {
                    self.leaving = true;
                }
                Vec::new()
            }
            Action::Interrupt => self.interrupt(),
            Action::Suspend => vec![Effect::Suspend],
            Action::Redraw => vec![Effect::Redraw],
            Action::Mouse => self.toggle_mouse(),
            // The mouse has a position, which a key has not.
            Action::Point | Action::Drag => Vec::new(),
        }
    }

    fn send(&mut self, command: Command, notice: &str) -> Vec<Effect> {
        if !notice.is_empty() {
            self.tell(notice);
        }
        vec![Effect::Send(command)]
    }

    pub(super) fn choose(&mut self, further: usize) -> Vec<Effect> {
        self.selected = (self.selected + further) % self.sample_count().max(1);
        Vec::new()
    }

    fn ask_rate(&mut self, factor: f64) -> Vec<Effect> {
        #[allow(clippy::cast_possible_truncation)] // a learning rate is an f32 in the optimizer
        let rate = self.run_state.step.as_ref().map(|step| (step.learning_rate * factor) as f32);
        match rate {
            Some(rate) => self.mode = Mode::LearningRate(rate),
            None => self.tell("the learning rate is not known before the first step"),
        }
        Vec::new()
    }

    fn answer_quit(&mut self, code: KeyCode) -> Vec<Effect> {
        let answer = match code {
            KeyCode::Esc => Some(QuitAnswer::Cancel),
            KeyCode::Char(letter) => QUIT_CHOICES
                .iter()
                .find(|choice| choice.letters.contains(&letter))
                .map(|choice| choice.answer),
            _ => None,
        };
        match answer {
            Some(QuitAnswer::Stop) => self.stop(),
            Some(QuitAnswer::PlainLines) => vec![Effect::PlainLines],
            Some(QuitAnswer::Kill) => vec![Effect::Abort],
            Some(QuitAnswer::Cancel) => Vec::new(),
            None => {
                self.mode = Mode::Quit;
                Vec::new()
            }
        }
    }

    fn typed(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter if text.trim().is_empty() => return Vec::new(),
            KeyCode::Up | KeyCode::Down => text = self.recall(event.code == KeyCode::Up, text),
            KeyCode::Enter => {
                self.typed.retain(|typed| *typed != text);
                self.typed.push(text.clone());
                self.tell(TRANSLATING);
                let mut effects = vec![Effect::Send(Command::Translate(text.clone()))];
                if matches!(self.page, Page::Step | Page::Cell) {
                    effects.extend(self.inspect_typed(&text));
                }
                return effects;
            }
            _ => edit(&mut text, event),
        }
        self.mode = Mode::Typing(text);
        Vec::new()
    }

    /// Returns the sentence that was typed before the one in the prompt, or after it.
    fn recall(&mut self, earlier: bool, text: String) -> String {
        let back = if earlier { self.recalled + 1 } else { self.recalled.saturating_sub(1) };
        if back == 0 {
            self.recalled = 0;
            return String::new();
        }
        let Some(at) = self.typed.len().checked_sub(back) else { return text };
        self.recalled = back;
        self.typed.get(at).cloned().unwrap_or(text)
    }

    fn replaced(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter => return self.replace_source(text.trim().to_owned()),
            _ => edit(&mut text, event),
        }
        self.mode = Mode::Replacing(text);
        Vec::new()
    }

    fn beside_typed(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter if text.trim().is_empty() => return Vec::new(),
            KeyCode::Enter => return vec![Effect::OpenBeside(text)],
            _ => edit(&mut text, event),
        }
        self.mode = Mode::Beside(text);
        Vec::new()
    }

    /// The list follows each letter; Esc shows all parameters again.
    fn find(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => self.parameters_view.set_filter(String::new()),
            KeyCode::Enter => {}
            _ => {
                edit(&mut text, event);
                self.parameters_view.set_filter(text.clone());
                self.mode = Mode::Find(text);
            }
        }
        Vec::new()
    }

    /// Stops the run; the dashboard closes when the run has stopped.
    fn stop(&mut self) -> Vec<Effect> {
        self.leaving = true;
        self.send(Command::Stop, "stopping after this step, then saving ...")
    }

    /// Handles Ctrl-C or a signal: stops and saves the run. A second one soon after exits
    /// immediately.
    pub fn interrupt(&mut self) -> Vec<Effect> {
        self.mode = Mode::Normal;
        let again = self.interrupted.is_some_and(|before| self.now - before <= SECOND_INTERRUPT);
        self.interrupted = Some(self.now);
        if !self.is_going_on() {
            self.leaving = true;
            return Vec::new();
        }
        self.was_interrupted = true;
        if again {
            return vec![Effect::Abort];
        }
        let first = !self.leaving;
        let effects = self.stop();
        self.tell("stopping and saving; Ctrl-C again within 3 s exits at once");
        if first { effects } else { Vec::new() }
    }
}

/// Edits a text that is being typed.
pub(super) fn edit(text: &mut String, event: KeyEvent) {
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    match event.code {
        KeyCode::Backspace => {
            text.pop();
        }
        KeyCode::Char('u') if ctrl => text.clear(),
        KeyCode::Char(letter) if !ctrl && text.len() < TYPED => text.push(letter),
        _ => {}
    }
}
