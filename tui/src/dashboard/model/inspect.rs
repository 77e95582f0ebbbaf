//! How keys inspect a translation and change it.

use seq2seq::Command;
use seq2seq::config::TaskKind;
use seq2seq::event::Sample;

use super::Model;
use crate::dashboard::inspect_key::InspectKey;
use crate::dashboard::inspecting::Order;
use crate::dashboard::mode::{Effect, Mode};
use crate::dashboard::page::Page;

impl Model {
    /// Returns true if the run trains a translator, or is not known yet.
    pub(in crate::dashboard) fn translates(&self) -> bool {
        self.run_state.start.as_ref().is_none_or(|start| start.task == TaskKind::Translation)
    }

    /// Returns the step of the parameters that answer: the current one in training, that of the
    /// checkpoint otherwise.
    pub(super) fn answering_step(&self) -> u64 {
        let state = &self.run_state;
        let stored = || state.best_step().or(state.saved);
        if self.is_going_on() { state.steps() } else { stored().unwrap_or(state.steps()) }
    }

    /// Inspects the chosen sentence when a page that shows it is opened.
    pub(super) fn open_inspection(&mut self) -> Vec<Effect> {
        if !matches!(self.page, Page::Step | Page::Cell) || !self.translates() {
            return Vec::new();
        }
        if self.page == Page::Cell {
            self.inspecting.want_layers();
        }
        let chosen = self.chosen().map(sentence);
        if let Some(sentence) = chosen
            && self.inspecting.sentence() != Some(&sentence)
        {
            self.inspecting.begin(sentence);
        }
        let is_shown = self.inspecting.answer().is_some()
            && (self.page == Page::Step || self.inspecting.has_layer());
        if is_shown { Vec::new() } else { self.inspect() }
    }

    /// Requests the inspection of the sentence as it is changed.
    pub(super) fn inspect(&mut self) -> Vec<Effect> {
        match self.inspecting.request() {
            Some(request) => vec![Effect::Send(Command::Inspect(Box::new(request)))],
            None => Vec::new(),
        }
    }

    /// Inspects a typed sentence.
    pub(super) fn inspect_typed(&mut self, text: &str) -> Vec<Effect> {
        self.inspecting.begin(text.to_owned());
        self.inspect()
    }

    /// Returns the number of source words and of output tokens that the cursors move over.
    fn sizes(&self) -> (usize, usize) {
        let of_sample = |sample: &Sample| (sample.source.len(), sample.output.len());
        match (self.page, self.inspecting.trace()) {
            (Page::Step | Page::Cell, trace) => {
                trace.map_or((0, 0), |trace| (trace.source.len(), trace.steps.len()))
            }
            (_, Some(trace)) if self.inspects_chosen() => (trace.source.len(), trace.steps.len()),
            _ => self.chosen().map_or((0, 0), of_sample),
        }
    }

    /// Returns true if the sentence that is inspected is the chosen sample.
    pub(in crate::dashboard) fn inspects_chosen(&self) -> bool {
        self.chosen()
            .is_some_and(|chosen| self.inspecting.sentence() == Some(sentence(chosen).as_str()))
    }

    /// Returns true if the page shows the sentence that is inspected.
    fn shows_inspection(&self) -> bool {
        self.page != Page::Attention || self.inspects_chosen()
    }

    /// Begins with the chosen sentence, unless it is inspected already. Returns false if there is
    /// none.
    pub(super) fn begin_inspection(&mut self) -> bool {
        if self.inspects_chosen() {
            return true;
        }
        let chosen = self.chosen().map(sentence);
        let found = chosen.is_some();
        if let Some(sentence) = chosen {
            self.inspecting.begin(sentence);
        }
        found
    }

    /// Takes one of the most probable words of the step.
    pub(super) fn take_choice(&mut self, choice: usize) -> Vec<Effect> {
        let step = self.inspecting.trace().and_then(|trace| trace.steps.get(self.inspecting.step));
        let Some(step) = step else { return Vec::new() };
        let at = step.likeliest.iter().position(|other| other.id == step.chosen.id).unwrap_or(0);
        self.take_other_word(choice.cast_signed() - at.cast_signed())
    }

    /// Handles a key of the inspection.
    pub(super) fn inspect_key(&mut self, key: InspectKey) -> Vec<Effect> {
        if self.page == Page::Attention && !self.begin_inspection() {
            return Vec::new();
        }
        let (words, steps) = self.sizes();
        match key {
            InspectKey::EarlierStep | InspectKey::RowUp => self.inspecting.move_step(-1, steps),
            InspectKey::LaterStep | InspectKey::RowDown => self.inspecting.move_step(1, steps),
            InspectKey::SourceLeft => self.inspecting.move_source(-1, words),
            InspectKey::SourceRight => self.inspecting.move_source(1, words),
            InspectKey::EarlierToken => self.inspecting.move_token(-1),
            InspectKey::LaterToken => self.inspecting.move_token(1),
            InspectKey::UnitUp => self.inspecting.move_unit(-1),
            InspectKey::UnitDown => self.inspecting.move_unit(1),
            InspectKey::Gate => {
                self.inspecting.next_gate();
                return self.follow_words();
            }
            InspectKey::Order => self.inspecting.next_order(),
            InspectKey::Layer => {
                self.inspecting.next_layer();
                if self.inspecting.order == Order::Word {
                    self.inspecting.order = Order::Variance;
                }
                return if self.inspecting.has_layer() { Vec::new() } else { self.inspect() };
            }
            InspectKey::NextSentence => return self.inspect_sentence(1),
            InspectKey::PreviousSentence => {
                return self.inspect_sentence(self.sample_count().saturating_sub(1));
            }
            InspectKey::MoreProbable => return self.take_other_word(-1),
            InspectKey::LessProbable => return self.take_other_word(1),
            InspectKey::MoveAttention => {
                self.inspecting.move_attention();
                return self.inspect();
            }
            InspectKey::Uniform => {
                self.inspecting.toggle_uniform();
                return self.inspect();
            }
            InspectKey::Replace if words > 0 => self.mode = Mode::Replacing(String::new()),
            InspectKey::Replace => {}
            InspectKey::Clamp if self.inspecting.has_layer() => {
                self.inspecting.clamp();
                return self.inspect();
            }
            InspectKey::Clamp => {}
            InspectKey::Reset => {
                self.inspecting.reset();
                return self.inspect();
            }
            InspectKey::Refresh => return self.inspect(),
        }
        if self.page == Page::Attention && self.mode == Mode::Normal {
            self.tell_cursor();
        }
        Vec::new()
    }

    /// Asks for the units of another gate or layer that follow the words, if these are shown.
    fn follow_words(&mut self) -> Vec<Effect> {
        let is_known = self.inspecting.following().is_some();
        if self.inspecting.order == Order::Word && !is_known {
            return self.ask_for_units();
        }
        Vec::new()
    }

    /// Names the words under the cursors, which the attention map does not show.
    pub(super) fn tell_cursor(&mut self) {
        let output = match self.inspecting.trace().filter(|_| self.shows_inspection()) {
            Some(trace) => trace.output().nth(self.inspecting.step).map(str::to_owned),
            None => {
                self.chosen().and_then(|sample| sample.output.get(self.inspecting.step).cloned())
            }
        };
        let (row, word) = (self.inspecting.step + 1, self.replaced_word().to_owned());
        let output = output.unwrap_or_default();
        self.tell(format!("step {row} `{output}`, source word `{word}`: m attends there"));
    }

    fn take_other_word(&mut self, by: isize) -> Vec<Effect> {
        if self.inspecting.take_other_word(by) { self.inspect() } else { Vec::new() }
    }

    fn inspect_sentence(&mut self, further: usize) -> Vec<Effect> {
        self.choose(further);
        self.open_inspection()
    }

    /// Returns the word that is replaced.
    pub(in crate::dashboard) fn replaced_word(&self) -> &str {
        let source = match self.inspecting.trace().filter(|_| self.shows_inspection()) {
            Some(trace) => &trace.source,
            None => match self.chosen() {
                Some(sample) => &sample.source,
                None => return "",
            },
        };
        source.get(self.inspecting.source).map_or("", String::as_str)
    }

    /// Replaces the source word under the cursor by a typed text.
    pub(super) fn replace_source(&mut self, text: String) -> Vec<Effect> {
        self.inspecting.replace_source(text);
        self.inspect()
    }
}

/// Returns the sentence of a sample; if no text was stored, its tokens without the end token.
pub(super) fn sentence(sample: &Sample) -> String {
    let tokens = || sample.source.split_last().map_or(String::new(), |(_, rest)| rest.join(" "));
    sample.source_text.clone().unwrap_or_else(tokens)
}
