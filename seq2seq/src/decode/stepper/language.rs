//! Steps of a language model.

use rnn::State;
use tensor::{Params, PooledVec, Tape, Threads, ops};

use super::{Prediction, Stepper};
use crate::Result;
use crate::model::LanguageNetwork;

/// A language model that has read a text.
pub(crate) struct LanguageStepper<'a> {
    network: &'a LanguageNetwork,
    params: &'a Params,
    threads: &'a Threads,
    tape: Tape<'a>,
    /// The states on the tape; zeros if `None`.
    states: Option<PooledVec<State>>,
}

impl<'a> LanguageStepper<'a> {
    /// Reads the ids of a text, if there are any.
    pub(crate) fn new(
        network: &'a LanguageNetwork,
        params: &'a Params,
        text: &[u32],
        threads: &'a Threads,
    ) -> Result<Self> {
        let mut tape = Tape::inference(params).with_threads(threads);
        let states = match text.len() {
            0 => None,
            time => Some(network.outputs(&mut tape, text, [time, 1], None)?.1),
        };
        Ok(Self { network, params, threads, tape, states })
    }
}

impl Stepper for LanguageStepper<'_> {
    fn step(&mut self, fed: &[u32], _: usize) -> Result<Prediction> {
        let tape = &mut self.tape;
        let states = self.states.as_deref();
        let (logits, states) = self.network.logits(tape, fed, [1, fed.len()], states)?;
        self.states = Some(states);
        let logits = tape.index(logits, 0);
        Ok(Prediction { logits: tape.take_value(logits), weights: None, heads: None })
    }

    fn select(&mut self, _: Option<&[usize]>, rows: &[usize]) -> Result<()> {
        let mut next = Tape::inference(self.params).with_threads(self.threads);
        if let Some(states) = &mut self.states {
            for state in states.iter_mut() {
                let mut values = state.values(&self.tape).constant(&mut next);
                values.h = ops::index_select(&mut next, values.h, rows)?;
                values.c = values.c.map(|c| ops::index_select(&mut next, c, rows)).transpose()?;
                *state = values;
            }
        }
        self.tape = next;
        Ok(())
    }
}
