//! The memory that a query attends to, and the position of the query.

use tensor::simd::Simd;
use tensor::{Lengths, PooledVec, Tape, Var, ops};

use crate::error::Result;
use crate::mask::MaskSpan;

/// The memory that queries attend to: encoder states, their keys and the sentence lengths.
///
/// The keys are the memory's input to the score, projected once per sentence.
#[derive(Debug, Clone)]
pub struct Memory {
    /// \[S, B, K\]; for `multi_head` the values of all heads, \[S, B, h d_v\].
    pub values: Var,
    /// \[S, B, A\], \[S, B, Q\] or \[S, B, h d_k\]; the states themselves if the score does
    /// not project them.
    pub keys: Var,
    /// Length of each sentence; positions past it get weight zero.
    pub lengths: Lengths,
    /// The spans of queries if they do not depend on the query position; empty on a device.
    pub(crate) spans: PooledVec<MaskSpan>,
}

impl Memory {
    /// Selects the memory of some sentences, in the order of `sentences`.
    ///
    /// # Errors
    /// A sentence index is outside the batch, or the device failed.
    pub fn select(&self, tape: &mut Tape<'_>, sentences: &[usize]) -> Result<Self> {
        let values = ops::index_select(tape, self.values, sentences)?;
        let keys = if self.keys == self.values {
            values
        } else {
            ops::index_select(tape, self.keys, sentences)?
        };
        let lengths: PooledVec<usize> = sentences.iter().map(|&i| self.lengths[i]).collect();
        let heads = self.spans.len() / self.lengths.len().max(1);
        let spans = sentences.iter().flat_map(|&i| &self.spans[i * heads..(i + 1) * heads]);
        let spans = spans.copied().collect();
        Ok(Self { values, keys, lengths: Lengths::new(tape, &lengths)?, spans })
    }

    /// Copies the memory to another tape as constants: no gradient flows into it.
    pub fn to_tape(&self, from: &Tape<'_>, to: &mut Tape<'_>) -> Self {
        let values = to.constant(from.value(self.values).clone());
        let keys = match self.keys == self.values {
            true => values,
            false => to.constant(from.value(self.keys).clone()),
        };
        Self { values, keys, lengths: self.lengths.clone(), spans: self.spans.clone() }
    }
}

/// The position of a query, which `local_m`, `local_p` and a causal `multi_head` need besides the
/// query itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueryPosition {
    /// The step of the query, counted from 0; for a whole sequence, its first step.
    pub time: usize,
    /// The memory holds each sentence from its end to its start: entry i of n is position
    /// n - 1 - i.
    pub reversed: bool,
}

impl QueryPosition {
    /// Returns the position of step `time` over a source that is not reversed.
    pub fn at(time: usize) -> Self {
        Self { time, reversed: false }
    }
}

/// Sizes of a memory. Row r of the queries attends to entry r % `batch`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Positions, S.
    pub(crate) time: usize,
    /// Entries per position: B, or B h.
    pub(crate) batch: usize,
    /// Width of a key.
    pub(crate) keys: usize,
    /// Width of a value.
    pub(crate) values: usize,
}

/// Prefetches the row of the next position, `distance` elements ahead, while this one is processed:
/// positions are too far apart for the processor to prefetch them by itself.
#[inline(always)]
pub(crate) fn prefetch_next<S: Simd>(s: S, row: &[f32], distance: usize) {
    let next = row.as_ptr().wrapping_add(distance);
    for j in (0..row.len()).step_by(16) {
        s.prefetch(next.wrapping_add(j));
    }
}
