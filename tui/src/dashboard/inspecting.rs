//! The translation that is inspected: the sentence, what is forced and changed, the answer, and the
//! positions of the cursors.

use seq2seq::inspection::{
    Clamp, GateTrace, InspectRequest, Inspection, Intervention, LayerTrace, Trace,
    UnitCorrelations, UnitsRequest,
};

/// The layer that is shown first.
const FIRST_LAYER: &str = "encoder.rnn.l0";

/// How the units of a gate are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// Every gate, averaged over its units.
    #[default]
    Averaged,
    /// The units of one gate, those that vary most first.
    Variance,
    /// The units of one gate, those that follow the token under the cursor most first.
    Correlation,
    /// The units of one gate, those that follow words over the held-out sentences most first.
    Word,
}

/// The inspection of one sentence.
#[derive(Debug, Clone, Default)]
pub(super) struct Inspecting {
    sentence: Option<String>,
    prefix: Vec<u32>,
    changes: Vec<Intervention>,
    /// The prefix and the changes of the last answer.
    answered: (Vec<u32>, Vec<Intervention>),
    answer: Option<Box<Inspection>>,
    /// Optimizer steps done when the answer arrived.
    pub(super) at: u64,
    waiting: bool,
    /// The output step under the cursor.
    pub(super) step: usize,
    /// The source word under the cursor.
    pub(super) source: usize,
    /// The name of the layer that is shown.
    layer: Option<String>,
    /// Whether activations are requested.
    with_layers: bool,
    gate: usize,
    pub(super) order: Order,
    /// The rank of the unit under the cursor.
    pub(super) unit: usize,
    /// The words that units follow.
    pub(super) words: Vec<String>,
    /// The units that follow them.
    pub(super) units_found: Option<Box<UnitCorrelations>>,
}

impl Inspecting {
    /// Begins with another sentence; the display choices stay.
    pub(super) fn begin(&mut self, sentence: String) {
        *self = Self {
            sentence: Some(sentence),
            layer: self.layer.take(),
            with_layers: self.with_layers,
            gate: self.gate,
            order: self.order,
            words: std::mem::take(&mut self.words),
            units_found: self.units_found.take(),
            ..Self::default()
        };
    }

    /// Returns the sentence.
    pub(super) fn sentence(&self) -> Option<&str> {
        self.sentence.as_deref()
    }

    /// Returns true if an answer is awaited.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Returns the changes of the answer.
    pub(super) fn shown_changes(&self) -> &[Intervention] {
        &self.answered.1
    }

    /// Returns true if the answer has the activations of the layer that is shown.
    pub(super) fn has_layer(&self) -> bool {
        self.layer().is_some()
    }

    /// Requests activations from now on.
    pub(super) fn want_layers(&mut self) {
        self.with_layers = true;
    }

    /// Returns the request for the sentence as it is changed, and awaits its answer.
    pub(super) fn request(&mut self) -> Option<InspectRequest> {
        let request = self.current()?;
        self.waiting = true;
        Some(request)
    }

    fn current(&self) -> Option<InspectRequest> {
        let layers = match self.with_layers {
            true => vec![self.layer_name().to_owned()],
            false => Vec::new(),
        };
        let (prefix, interventions) = (self.prefix.clone(), self.changes.clone());
        Some(InspectRequest { prefix, interventions, layers, ..self.sentence()?.into() })
    }

    /// Takes an answer. That to an earlier request, or to one of another viewer, is ignored, unless
    /// nothing was requested here.
    pub(super) fn take(&mut self, found: &Inspection, at: u64) {
        match self.current() {
            None => self.begin(found.request.source.clone()),
            Some(request) if request == found.request => {}
            Some(_) => return,
        }
        self.prefix.clone_from(&found.request.prefix);
        self.changes.clone_from(&found.request.interventions);
        self.answered = (self.prefix.clone(), self.changes.clone());
        self.answer = Some(Box::new(found.clone()));
        (self.at, self.waiting) = (at, false);
        self.keep_in_range();
    }

    /// Takes the refusal of a request: returns to the changes of the last answer.
    pub(super) fn refuse(&mut self, request: &InspectRequest) {
        if self.current().is_some_and(|current| current == *request) {
            self.waiting = false;
            (self.prefix, self.changes) = self.answered.clone();
        }
    }

    fn keep_in_range(&mut self) {
        let Some(trace) = self.trace() else { return };
        let (steps, words) = (trace.steps.len(), trace.source.len());
        self.step = self.step.min(steps.saturating_sub(1));
        self.source = self.source.min(words.saturating_sub(1));
        let (gates, units) = match self.layer() {
            Some(layer) => (layer.gates.len(), layer.gates.first().map_or(0, GateTrace::units)),
            None => return,
        };
        self.gate = self.gate.min(gates.saturating_sub(1));
        self.unit = self.unit.min(units.saturating_sub(1));
    }

    /// Returns the answer.
    pub(super) fn answer(&self) -> Option<&Inspection> {
        self.answer.as_deref()
    }

    /// Returns the translation that is shown: with the changes, if there are any.
    pub(super) fn trace(&self) -> Option<&Trace> {
        self.answer().map(|answer| answer.with.as_ref().unwrap_or(&answer.without))
    }

    /// Returns the name of the layer that is shown.
    pub(super) fn layer_name(&self) -> &str {
        self.layer.as_deref().unwrap_or(FIRST_LAYER)
    }

    /// Returns the activations of the layer that is shown.
    pub(super) fn layer(&self) -> Option<&LayerTrace> {
        self.trace()?.layers.iter().find(|layer| layer.name == self.layer_name())
    }

    /// Returns the gate that is shown.
    pub(super) fn gate(&self) -> Option<&GateTrace> {
        let gates = &self.layer()?.gates;
        gates.get(self.gate.min(gates.len().saturating_sub(1)))
    }

    /// Returns the token under the cursor of the layer that is shown: a source position, or an
    /// output step.
    pub(super) fn token(&self) -> usize {
        if self.layer().is_some_and(LayerTrace::is_decoder) { self.step } else { self.source }
    }

    /// Returns the token under the cursor of the layer that is shown; at an output step, the one that
    /// the decoder reads.
    pub(super) fn token_text(&self) -> Option<String> {
        let (trace, at) = (self.trace()?, self.token());
        if self.layer().is_some_and(LayerTrace::is_decoder) {
            return at.checked_sub(1).and_then(|at| trace.output().nth(at)).map(str::to_owned);
        }
        trace.source.get(at).cloned()
    }

    /// Returns true if a request is for the words, the layer and the gate that are shown.
    pub(super) fn asks_for(&self, request: &UnitsRequest) -> bool {
        let gate = self.gate().map(|gate| gate.gate);
        self.words == request.words
            && self.layer_name() == request.layer
            && gate == Some(request.gate)
    }

    /// Returns the units that follow the words, if they are known for the gate that is shown.
    pub(super) fn following(&self) -> Option<&UnitCorrelations> {
        self.units_found.as_deref().filter(|found| self.asks_for(&found.request))
    }

    /// Returns the units of the gate that is shown, in order.
    pub(super) fn units(&self) -> Vec<usize> {
        let Some(gate) = self.gate() else { return Vec::new() };
        match self.order {
            Order::Averaged => Vec::new(),
            Order::Variance => gate.by_variance(),
            Order::Correlation => gate.by_correlation(|position| position == self.token()),
            Order::Word => self.following().map_or_else(Vec::new, UnitCorrelations::order),
        }
    }

    /// Shows the next layer or direction.
    pub(super) fn next_layer(&mut self) {
        let Some(trace) = self.trace() else { return };
        let names = &trace.layer_names;
        let at = names.iter().position(|name| name == self.layer_name()).map_or(0, |at| at + 1);
        self.layer = names.get(at).or_else(|| names.first()).cloned();
    }

    /// Shows the next gate.
    pub(super) fn next_gate(&mut self) {
        let gates = self.layer().map_or(1, |layer| layer.gates.len());
        self.gate = (self.gate + 1) % gates.max(1);
    }

    /// Orders the units in another way.
    pub(super) fn next_order(&mut self) {
        self.order = match self.order {
            Order::Averaged => Order::Variance,
            Order::Variance => Order::Correlation,
            Order::Correlation if self.following().is_some() => Order::Word,
            Order::Correlation | Order::Word => Order::Averaged,
        };
        self.unit = 0;
    }

    /// Moves the cursor over the units, or over the gates if these are averaged.
    pub(super) fn move_unit(&mut self, by: isize) {
        if self.order == Order::Averaged {
            let gates = self.layer().map_or(0, |layer| layer.gates.len());
            self.gate = moved(self.gate, by, gates);
        } else {
            self.unit = moved(self.unit, by, self.gate().map_or(0, GateTrace::units));
        }
    }

    /// Moves the cursor over the source words, of which there are `words`.
    pub(super) fn move_source(&mut self, by: isize, words: usize) {
        self.source = moved(self.source, by, words);
    }

    /// Moves the cursor over the output steps, of which there are `steps`.
    pub(super) fn move_step(&mut self, by: isize, steps: usize) {
        self.step = moved(self.step, by, steps);
    }

    /// Moves the cursor over the tokens of the layer that is shown.
    pub(super) fn move_token(&mut self, by: isize) {
        let Some(trace) = self.trace() else { return };
        let (words, steps) = (trace.source.len(), trace.steps.len());
        if self.layer().is_some_and(LayerTrace::is_decoder) {
            self.move_step(by, steps);
        } else {
            self.move_source(by, words);
        }
    }

    /// Moves the cursor to a token of the layer that is shown.
    pub(super) fn set_token(&mut self, token: usize) {
        if self.layer().is_some_and(LayerTrace::is_decoder) {
            self.step = token;
        } else {
            self.source = token;
        }
    }

    /// Moves the cursor to a row of units, or of gates if these are averaged.
    pub(super) fn set_row(&mut self, row: usize) {
        let before = if self.order == Order::Averaged { self.gate } else { self.unit };
        self.move_unit(row.cast_signed() - before.cast_signed());
    }

    /// Takes a more or less probable word at the step under the cursor. Returns false if there is no
    /// other.
    pub(super) fn take_other_word(&mut self, by: isize) -> bool {
        let Some(trace) = self.trace() else { return false };
        let Some(step) = trace.steps.get(self.step) else { return false };
        let at = step.likeliest.iter().position(|choice| choice.id == step.chosen.id);
        let next = moved(at.unwrap_or(0), by, step.likeliest.len());
        if at == Some(next) {
            return false;
        }
        let Some(choice) = step.likeliest.get(next) else { return false };
        let before = trace.steps.iter().take(self.step).map(|step| step.chosen.id);
        let mut prefix: Vec<u32> = before.chain([choice.id]).collect();
        // The most probable words need not be forced.
        let is_first = |(at, id): (usize, u32)| {
            let first = trace.steps.get(at).and_then(|step| step.likeliest.first());
            first.is_some_and(|first| first.id == id)
        };
        while let Some(&last) = prefix.last() {
            if !is_first((prefix.len() - 1, last)) {
                break;
            }
            prefix.pop();
        }
        self.prefix = prefix;
        true
    }

    /// Moves the attention of the step under the cursor to the source word under the cursor, or
    /// undoes that.
    pub(super) fn move_attention(&mut self) {
        let change = Intervention::MoveAttention { step: self.step, position: self.source };
        let is_there = self.changes.contains(&change);
        self.changes.retain(|other| {
            !matches!(other, Intervention::MoveAttention { step, .. } if *step == self.step)
        });
        if !is_there {
            self.changes.push(change);
        }
    }

    /// Makes the attention of all steps uniform, or undoes that.
    pub(super) fn toggle_uniform(&mut self) {
        let change = Intervention::UniformAttention { step: None };
        if self.changes.contains(&change) {
            self.changes.retain(|other| *other != change);
        } else {
            self.changes.push(change);
        }
    }

    /// Replaces the source word under the cursor by a text.
    pub(super) fn replace_source(&mut self, text: String) {
        let position = self.original_position();
        self.changes.retain(|other| {
            !matches!(other, Intervention::ReplaceSource { position: at, .. } if *at == position)
        });
        self.changes.push(Intervention::ReplaceSource { position, text });
    }

    /// Returns the position of the source word under the cursor in the sentence before its words
    /// were replaced.
    fn original_position(&self) -> usize {
        let replaced = |position: usize| {
            self.answered.1.iter().find_map(|change| match change {
                Intervention::ReplaceSource { position: at, text } if *at == position => {
                    Some(text.split_whitespace().count())
                }
                _ => None,
            })
        };
        let words = self.answer().map_or(0, |answer| answer.without.source.len());
        let mut end = 0;
        for position in 0..words {
            end += match replaced(position) {
                // The end token stays after what is added to it.
                Some(count) if position + 1 == words => count + 1,
                Some(count) => count,
                None => 1,
            };
            if self.source < end {
                return position;
            }
        }
        words.saturating_sub(1)
    }

    /// Clamps the gate that is shown to 1, then to 0, then not: of all its units or, if the units are
    /// shown, of the one under the cursor.
    pub(super) fn clamp(&mut self) {
        let Some(gate) = self.gate().map(|gate| gate.gate) else { return };
        let unit = self.units().get(self.unit).copied();
        let layer = self.layer_name().to_owned();
        let is_same =
            |clamp: &Clamp| (clamp.gate, clamp.unit) == (gate, unit) && clamp.layer == layer;
        let before = self.changes.iter().find_map(|change| match change {
            Intervention::Clamp(clamp) if is_same(clamp) => Some(clamp.value),
            _ => None,
        });
        self.changes
            .retain(|change| !matches!(change, Intervention::Clamp(clamp) if is_same(clamp)));
        let value = match before {
            None => 1.0,
            Some(value) if value > 0.5 => 0.0,
            Some(_) => return,
        };
        self.changes.push(Intervention::Clamp(Clamp { layer, gate, unit, position: None, value }));
    }

    /// Undoes all changes and chosen words.
    pub(super) fn reset(&mut self) {
        self.changes.clear();
        self.prefix.clear();
    }
}

/// Returns a position moved within `0..count`.
fn moved(position: usize, by: isize, count: usize) -> usize {
    position.saturating_add_signed(by).min(count.saturating_sub(1))
}
