//! Questions about held-out sentences, units and parameters, and how their answers are shown.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use seq2seq::event::Sample;
use seq2seq::inspection::{HeldOutMaps, UnitsRequest};
use seq2seq::{Command, Event};

use super::Model;
use super::input::edit;
use super::inspect::sentence;
use crate::dashboard::inspecting::Order;
use crate::dashboard::keys::AnswerKey;
use crate::dashboard::mode::{Effect, Mode};

impl Model {
    /// Handles a key that asks something.
    pub(super) fn answer_key(&mut self, key: AnswerKey) -> Vec<Effect> {
        match key {
            AnswerKey::Forced => self.toggle_forced(),
            AnswerKey::Find if self.translates() => {
                self.mode = Mode::HeldOut(String::new());
                Vec::new()
            }
            AnswerKey::Find => {
                self.tell("only a translator has maps of held-out sentences");
                Vec::new()
            }
            AnswerKey::Head => {
                self.next_head();
                Vec::new()
            }
            AnswerKey::Word => {
                let token = self.inspecting.token_text().unwrap_or_default();
                self.mode = Mode::Word(token);
                Vec::new()
            }
            AnswerKey::Histogram => {
                let rows = self.parameters_view.rows(&self.history.parameters);
                let Some(row) = rows.get(self.parameters_view.cursor(rows.len())) else {
                    self.tell("no parameter is known yet");
                    return Vec::new();
                };
                let name = row.name.clone();
                self.parameters_view.awaited = Some(name.clone());
                vec![Effect::Send(Command::Histogram(name))]
            }
            AnswerKey::CloseHistogram => {
                self.parameters_view.histogram = None;
                Vec::new()
            }
        }
    }

    /// Shows the other map of the chosen sentence; the teacher-forced one is computed now.
    fn toggle_forced(&mut self) -> Vec<Effect> {
        let Some(chosen) = self.chosen() else { return Vec::new() };
        let text = sentence(chosen);
        if chosen.is_forced {
            let is_free = |sample: &Sample| !sample.is_forced && sentence(sample) == text;
            // The newest one: typed and requested ones come last.
            let all: Vec<bool> = self.all_samples().map(is_free).collect();
            self.selected = all.iter().rposition(|is_free| *is_free).unwrap_or(self.selected);
            return Vec::new();
        }
        if chosen.reference.is_empty() {
            self.tell("a typed sentence has no reference that the decoder could be fed");
            return Vec::new();
        }
        self.ask_for_maps(text, true)
    }

    /// Returns the free-running map of the sentence whose teacher-forced map is chosen.
    pub(in crate::dashboard) fn free_map(&self) -> Option<&Sample> {
        let chosen = self.chosen().filter(|sample| sample.is_forced)?;
        let text = sentence(chosen);
        let all: Vec<&Sample> = self.all_samples().collect();
        all.into_iter().rfind(|sample| !sample.is_forced && sentence(sample) == text)
    }

    fn ask_for_maps(&mut self, which: String, forced: bool) -> Vec<Effect> {
        self.map_view.awaits = Some(forced);
        self.tell("reading the sentence ...");
        vec![Effect::Send(Command::HeldOut(which))]
    }

    fn next_head(&mut self) {
        let heads = self.chosen().map_or(0, |sample| sample.heads.len());
        if heads < 2 {
            self.tell("one head; of an attention with several, / and f bring the maps of each");
            self.map_view.head = None;
            return;
        }
        self.map_view.head = match self.map_view.head {
            None => Some(0),
            Some(head) => Some(head + 1).filter(|head| *head < heads),
        };
    }

    /// Handles a key while a held-out sentence is typed.
    pub(super) fn held_out_typed(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter if text.trim().is_empty() => return Vec::new(),
            KeyCode::Enter => return self.ask_for_maps(text, false),
            _ => edit(&mut text, event),
        }
        self.mode = Mode::HeldOut(text);
        Vec::new()
    }

    /// Handles a key while the words that units follow are typed.
    pub(super) fn word_typed(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter if text.trim().is_empty() => return Vec::new(),
            KeyCode::Enter => {
                self.inspecting.words = text.split_whitespace().map(str::to_owned).collect();
                return self.ask_for_units();
            }
            _ => edit(&mut text, event),
        }
        self.mode = Mode::Word(text);
        Vec::new()
    }

    /// Asks for the units of the gate that is shown that follow the words.
    pub(super) fn ask_for_units(&mut self) -> Vec<Effect> {
        let words = self.inspecting.words.clone();
        let Some(gate) = self.inspecting.gate().map(|gate| gate.gate) else { return Vec::new() };
        let layer = self.inspecting.layer_name().to_owned();
        if words.is_empty() {
            return Vec::new();
        }
        self.tell("reading held-out sentences ...");
        vec![Effect::Send(Command::Units(UnitsRequest { words, layer, gate }))]
    }

    /// Applies the answer to one of these questions.
    pub(super) fn take_answer(&mut self, event: &Event) {
        match event {
            Event::HeldOut(maps) => self.take_maps(maps),
            Event::Units(found) if self.inspecting.asks_for(&found.request) => {
                self.inspecting.units_found = Some(found.clone());
                (self.inspecting.order, self.inspecting.unit) = (Order::Word, 0);
                self.notice = None;
            }
            Event::Histogram(found)
                if self.parameters_view.awaited.as_deref() == Some(&*found.name) =>
            {
                self.parameters_view.awaited = None;
                self.parameters_view.histogram = Some(found.clone());
            }
            _ => {}
        }
    }

    /// Selects the requested map. Those that another viewer requested select nothing.
    fn take_maps(&mut self, maps: &HeldOutMaps) {
        let Some(forced) = self.map_view.awaits.take() else { return };
        self.notice = None;
        let text = sentence(&maps.free);
        let is_wanted = |sample: &Sample| sample.is_forced == forced && sentence(sample) == text;
        let all: Vec<bool> = self.all_samples().map(is_wanted).collect();
        self.selected = all.iter().rposition(|wanted| *wanted).unwrap_or(self.selected);
        self.tell(format!("held-out sentence {} of {}", maps.number, maps.count));
    }
}
