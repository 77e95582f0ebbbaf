//! What is attended to, and from where.

use tensor::simd::Simd;
use tensor::{Lengths, PooledVec, Tape, Var, ops};

use crate::error::Result;
use crate::mask::MaskSpan;

/// What is attended to: encoder states, their keys and the sentences' lengths.
///
/// Keys are the memory's side of the score, projected once a sentence.
#[derive(Debug, Clone)]
pub struct Memory {
    /// \[S, B, K\]; of `multi_head` the values of all heads, \[S, B, h d_v\].
    pub values: Var,
    /// \[S, B, A\], \[S, B, Q\] or \[S, B, h d_k\]; the states themselves where a score does not
    /// project them.
    pub keys: Var,
    /// Length of each sentence; positions from there on get weight zero.
    pub lengths: Lengths,
    /// What a query sees whose place does not matter; none on a device.
    pub(crate) spans: PooledVec<MaskSpan>,
}

impl Memory {
    /// The memory of some of the sentences, in the order of `sentences`.
    ///
    /// # Errors
    /// A sentence that is not in the batch; the device failed.
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

    /// The same memory on another tape, as constants: no gradient flows into it.
    pub fn to_tape(&self, from: &Tape<'_>, to: &mut Tape<'_>) -> Self {
        let values = to.constant(from.value(self.values).clone());
        let keys = match self.keys == self.values {
            true => values,
            false => to.constant(from.value(self.keys).clone()),
        };
        Self { values, keys, lengths: self.lengths.clone(), spans: self.spans.clone() }
    }
}

/// Where a query stands: what an attention needs besides the query itself, if it is one of
/// `local_m`, `local_p` and a causal `multi_head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueryPosition {
    /// The step that asks, from 0; of a whole sequence its first.
    pub time: usize,
    /// The memory holds each sentence from its end to its start: entry i of n is position
    /// n - 1 - i.
    pub reversed: bool,
}

impl QueryPosition {
    /// A step over a source in its own order.
    pub fn at(time: usize) -> Self {
        Self { time, reversed: false }
    }
}

/// Shapes of a memory. Row r of the queries asks its entry r % `batch`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Positions, S.
    pub(crate) time: usize,
    /// Entries of a position: B, or B h.
    pub(crate) batch: usize,
    /// Width of a key.
    pub(crate) keys: usize,
    /// Width of a value.
    pub(crate) values: usize,
}

/// Asks for the next position's row, `distance` elements on, while this one is worked on: positions
/// lie far apart, where the processor does not look ahead by itself.
#[inline(always)]
pub(crate) fn prefetch_next<S: Simd>(s: S, row: &[f32], distance: usize) {
    let next = row.as_ptr().wrapping_add(distance);
    for j in (0..row.len()).step_by(16) {
        s.prefetch(next.wrapping_add(j));
    }
}
