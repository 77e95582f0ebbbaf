//! What a decoder carries from step to step, and the sources that it reads.

use attention::{Attention, Memory};
use rnn::State;
use tensor::{PooledVec, Tape, Var, ops};

use crate::Result;

/// State that a decoder carries from step to step.
#[derive(Debug, Clone)]
pub struct DecoderState {
    /// States of the recurrent layers.
    pub layers: PooledVec<State>,
    /// Output of the last layer, which is the attention query: \[B, H\].
    pub(super) top: Var,
    /// The attentional vector of the previous step.
    pub(super) feed: Option<Var>,
}

/// Encoded sources of a batch, as the decoder reads them.
#[derive(Debug, Clone)]
pub(crate) enum Source<'d> {
    /// All encoder states, to be attended to.
    Memory(Memory, &'d Attention),
    /// The last states of all directions, concatenated, \[B, D H\].
    Last(Var),
}

impl DecoderState {
    /// The states of some rows, in the order of `rows`.
    ///
    /// # Errors
    /// A row that is not in the batch; the device failed.
    pub(crate) fn select(&self, tape: &mut Tape<'_>, rows: &[usize]) -> Result<Self> {
        let mut pick = |v: Var| ops::index_select(tape, v, rows);
        let mut layers = PooledVec::with_capacity(self.layers.len());
        for state in &self.layers {
            layers.push(State { h: pick(state.h)?, c: state.c.map(&mut pick).transpose()? });
        }
        Ok(Self { layers, top: pick(self.top)?, feed: self.feed.map(pick).transpose()? })
    }

    /// The same states on another tape, as constants.
    pub(crate) fn to_tape(&self, from: &Tape<'_>, to: &mut Tape<'_>) -> Self {
        let mut put = |v: Var| to.constant(from.value(v).clone());
        let mut layers = PooledVec::with_capacity(self.layers.len());
        for state in &self.layers {
            layers.push(State { h: put(state.h), c: state.c.map(&mut put) });
        }
        Self { layers, top: put(self.top), feed: self.feed.map(put) }
    }
}

impl Source<'_> {
    /// The sources of some sentences, in the order of `sentences`.
    ///
    /// # Errors
    /// A sentence that is not in the batch; the device failed.
    pub(crate) fn select(&self, tape: &mut Tape<'_>, sentences: &[usize]) -> Result<Self> {
        Ok(match self {
            Self::Memory(memory, attention) => {
                Source::Memory(memory.select(tape, sentences)?, attention)
            }
            Self::Last(last) => Source::Last(ops::index_select(tape, *last, sentences)?),
        })
    }

    /// The same sources on another tape, as constants.
    pub(crate) fn to_tape(&self, from: &Tape<'_>, to: &mut Tape<'_>) -> Self {
        match self {
            Self::Memory(memory, attention) => Source::Memory(memory.to_tape(from, to), attention),
            Self::Last(last) => Source::Last(to.constant(from.value(*last).clone())),
        }
    }
}
