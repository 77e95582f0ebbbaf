//! What a viewer keeps of a run, in bounded memory however long the run is.

mod clock;
mod curves;
mod growing;
mod shared;
mod thinned;

pub(super) use clock::{Axis, Clock};
pub(super) use curves::{Curves, is_wide};
pub(super) use growing::Growing;
pub use growing::HistoryPart;
pub(super) use shared::Shared;
pub(super) use thinned::{AtStep, Thinned};

use seq2seq::Event;
use seq2seq::event::{Flow, Sample, Samples};
use serde::{Deserialize, Serialize};

use super::journal::Journal;
use super::parameters::Parameters;
use crate::run_state::RunState;

/// Maximum number of typed and requested sentences kept.
const OWN: usize = 24;

/// What a viewer keeps of a run: the state, curves, maps and the log.
///
/// Curves are merged and maps thinned as the run grows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunHistory {
    pub(super) run_state: RunState,
    pub(super) curves: Curves,
    pub(super) clock: Clock,
    pub(super) parameters: Parameters,
    pub(super) journal: Journal,
    /// Translations of held-out sentences, each with its map.
    pub(super) maps: Thinned<Shared<Samples>>,
    /// The gradient flow.
    pub(super) flows: Thinned<Shared<Flow>>,
    /// The newest translations of typed and requested sentences.
    pub(super) own: Vec<Sample>,
}

impl RunHistory {
    /// Applies an event.
    pub(super) fn apply(&mut self, event: &Event) {
        self.run_state.apply(event);
        self.journal.apply(event);
        self.curves.apply(event, &self.run_state);
        match event {
            Event::Start(start) => {
                self.clock.begin(start);
                self.parameters.rewind(start.step);
                self.maps.rewind(start.step);
                self.flows.rewind(start.step);
            }
            Event::Step(step) => {
                self.clock.push(step);
                if !step.parameters.is_empty() {
                    self.parameters.apply(step.step, &step.parameters);
                }
            }
            Event::Samples(samples) => self.maps.push(Shared::new(samples.clone())),
            Event::Flow(flow) => self.flows.push(Shared::new(flow.clone())),
            Event::Translation(sample) => self.keep([sample.clone()]),
            Event::HeldOut(maps) => {
                // The maps of a sentence replace earlier ones.
                let is_same = |sample: &Sample| {
                    !sample.reference.is_empty() && sample.source_text == maps.free.source_text
                };
                self.own.retain(|sample| !is_same(sample));
                self.keep([maps.free.clone(), maps.forced.clone()]);
            }
            _ => {}
        }
    }

    fn keep(&mut self, samples: impl IntoIterator<Item = Sample>) {
        self.own.extend(samples);
        let old = self.own.len().saturating_sub(OWN);
        self.own.drain(..old);
    }

    /// Appends a later part of the run.
    pub(super) fn append(&mut self, mut later: Self) {
        self.run_state.append(later.run_state);
        self.journal.append(later.journal);
        self.curves.append(&mut later.curves);
        self.clock.append(&later.clock);
        self.parameters.append(later.parameters);
        self.maps.append(later.maps);
        self.flows.append(later.flows);
        self.keep(std::mem::take(&mut later.own));
    }
}
