//! How keys change the settings of a run.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use seq2seq::Command;
use seq2seq::event::Changed;

use super::Model;
use super::input::edit;
use crate::dashboard::mode::{Effect, Mode, Role, RunRequest};
use crate::dashboard::settings_form::{
    Entry, Setting, SettingsForm, SettingsUse, entered, settings,
};
use crate::format::count;

impl Model {
    /// Returns the settings that may change, in the order of the form.
    pub(in crate::dashboard) fn settings(&self) -> Vec<Setting<'_>> {
        let start = self.history.run_state.start.as_ref();
        start.map_or_else(Vec::new, |start| settings(&start.settings, start.task))
    }

    /// Opens the form.
    pub(super) fn open_settings(&mut self) {
        if self.settings().is_empty() {
            self.tell("the settings are not known: an older program trains or trained this run");
            return;
        }
        self.mode = Mode::Settings(SettingsForm::default());
    }

    /// Returns what becomes of a changed setting.
    pub(in crate::dashboard) fn settings_use(&self) -> SettingsUse {
        if self.is_going_on() {
            SettingsUse::Live
        } else if self.role == Role::Watching && self.alive && !self.run_state.state().is_over() {
            SettingsUse::Elsewhere
        } else {
            SettingsUse::Resume
        }
    }

    /// Handles a key while the form is open.
    pub(super) fn settings_key(&mut self, mut form: SettingsForm, event: KeyEvent) -> Vec<Effect> {
        let rows = self.settings().len();
        let mut effects = Vec::new();
        match (std::mem::take(&mut form.entry), event.code) {
            (Entry::None, KeyCode::Esc | KeyCode::Char('q' | 'a')) => return Vec::new(),
            (Entry::None, KeyCode::Down | KeyCode::Char('j')) => {
                form.chosen = (form.chosen + 1).min(rows.saturating_sub(1));
                form.refused = None;
            }
            (Entry::None, KeyCode::Up | KeyCode::Char('k')) => {
                form.chosen = form.chosen.saturating_sub(1);
                form.refused = None;
            }
            (Entry::None, KeyCode::Enter) if self.settings_use() == SettingsUse::Elsewhere => {
                form.refused = Some("watching only: the process that trains changes them".into());
            }
            (Entry::None, KeyCode::Enter) => {
                (form.entry, form.refused) = (Entry::Typing(String::new()), None);
            }
            (Entry::None, _) => {}
            (Entry::Typing(text), KeyCode::Enter) if text.trim().is_empty() => {}
            (Entry::Typing(text), KeyCode::Enter) => {
                match self.settings().get(form.chosen).map(|setting| entered(setting, &text)) {
                    Some(Ok(value)) => form.entry = Entry::Confirm(value),
                    Some(Err(why)) => {
                        (form.entry, form.refused) = (Entry::Typing(text), Some(why));
                    }
                    None => {}
                }
            }
            (Entry::Typing(mut text), code) => {
                form.refused = None;
                if code != KeyCode::Esc {
                    edit(&mut text, event);
                    form.entry = Entry::Typing(text);
                }
            }
            (Entry::Confirm(value), KeyCode::Char('y') | KeyCode::Enter) => {
                let key = self.settings().get(form.chosen).map(|setting| setting.key.name);
                if let Some(key) = key.map(str::to_owned) {
                    if self.settings_use() == SettingsUse::Resume {
                        return vec![Effect::Run(RunRequest::ResumeWith(vec![(key, value)]))];
                    }
                    form.sent = Some((key.clone(), value.clone()));
                    effects.push(Effect::Send(Command::Set { key, value }));
                }
            }
            (Entry::Confirm(_), _) => {}
        }
        self.mode = Mode::Settings(form);
        effects
    }

    /// Acknowledges changes.
    pub(super) fn settings_changed(&mut self, changed: &Changed) {
        if let Mode::Settings(form) = &mut self.mode {
            (form.sent, form.refused) = (None, None);
        }
        let changes: Vec<String> = changed.changes.iter().map(ToString::to_string).collect();
        let again = if changed.repeated { " again" } else { "" };
        self.tell(format!(
            "changed{again} at step {}: {}",
            count(changed.step),
            changes.join(", ")
        ));
    }

    /// Shows why a change was refused, in the form if it is open.
    pub(super) fn settings_refused(&mut self, reason: &str) {
        if let Mode::Settings(form) = &mut self.mode {
            (form.sent, form.refused) = (None, Some(reason.to_owned()));
        }
    }
}
