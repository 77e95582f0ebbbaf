//! The cells, as one table.

use std::ops::Range;
use std::slice::from_ref;

use serde::{Deserialize, Serialize};
use tensor::simd::{Simd, dispatch};

use crate::{elman, gru, lstm};

/// A recurrent cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Elman's with tanh: [`mod@crate::elman`].
    RnnTanh,
    /// Elman's with max(0, x): [`mod@crate::elman`].
    RnnRelu,
    /// Long short-term memory with a forget gate: [`mod@crate::lstm`].
    Lstm,
    /// Gated recurrent unit: [`mod@crate::gru`].
    Gru,
    /// Long short-term memory of 1997, without a forget gate: [`mod@crate::lstm`].
    #[serde(rename = "lstm_1997")]
    Lstm1997,
    /// The same with the paper's squashing functions in place of tanh: [`mod@crate::lstm`].
    #[serde(rename = "lstm_1997_squash")]
    Lstm1997Squash,
    /// Long short-term memory whose gates see the cell state: [`mod@crate::lstm`].
    LstmPeephole,
    /// Long short-term memory with one gate for input and forgetting: [`mod@crate::lstm`].
    LstmCoupled,
    /// Gated recurrent unit that resets before the product: [`mod@crate::gru`].
    GruResetBefore,
}

impl Cell {
    /// Every cell.
    pub const ALL: [Self; 9] = [
        Self::RnnTanh,
        Self::RnnRelu,
        Self::Lstm,
        Self::Gru,
        Self::Lstm1997,
        Self::Lstm1997Squash,
        Self::LstmPeephole,
        Self::LstmCoupled,
        Self::GruResetBefore,
    ];

    /// Its name, as configurations have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RnnTanh => "rnn_tanh",
            Self::RnnRelu => "rnn_relu",
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::Lstm1997 => "lstm_1997",
            Self::Lstm1997Squash => "lstm_1997_squash",
            Self::LstmPeephole => "lstm_peephole",
            Self::LstmCoupled => "lstm_coupled",
            Self::GruResetBefore => "gru_reset_before",
        }
    }

    /// Its twin in PyTorch, which has the same values; `None` where PyTorch has none.
    pub fn pytorch(self) -> Option<&'static str> {
        match self {
            Self::RnnTanh | Self::RnnRelu => Some("torch.nn.RNN"),
            Self::Lstm => Some("torch.nn.LSTM"),
            Self::Gru => Some("torch.nn.GRU"),
            _ => None,
        }
    }

    /// Blocks of H rows in its weights: the gates and the candidate.
    pub fn gates(self) -> usize {
        match self {
            Self::RnnTanh | Self::RnnRelu => 1,
            Self::Lstm | Self::LstmPeephole => 4,
            Self::Gru
            | Self::Lstm1997
            | Self::Lstm1997Squash
            | Self::LstmCoupled
            | Self::GruResetBefore => 3,
        }
    }

    /// The block of its weights that belongs to the forget gate, where it has one.
    pub fn forget_gate(self) -> Option<usize> {
        match self {
            Self::Lstm | Self::LstmPeephole => Some(1),
            Self::LstmCoupled => Some(0),
            _ => None,
        }
    }

    /// Blocks of H numbers in its peephole weights; 0 where it has none.
    pub fn peepholes(self) -> usize {
        if self == Self::LstmPeephole { 3 } else { 0 }
    }

    /// True where it has a cell state besides the hidden state.
    pub fn has_cell_state(self) -> bool {
        matches!(
            self,
            Self::Lstm
                | Self::Lstm1997
                | Self::Lstm1997Squash
                | Self::LstmPeephole
                | Self::LstmCoupled
        )
    }

    /// True where the two products must stay apart, since a gate stands between them.
    pub(crate) fn keeps_products_apart(self) -> bool {
        self == Self::Gru
    }

    /// Blocks of H that it keeps for its way back besides its gates: a GRU's hidden product, or
    /// r h where it resets before the product.
    pub(crate) fn hidden_width(self) -> usize {
        match self {
            Self::Gru => 3,
            Self::GruResetBefore => 1,
            _ => 0,
        }
    }

    /// The gates that one product with the state makes, in order. A second one meets the state that
    /// the first one's gates reset.
    pub(crate) fn products(self) -> &'static [Range<usize>] {
        match self {
            Self::GruResetBefore => &[0..2, 2..3],
            _ => match self.gates() {
                1 => from_ref(&(0..1)),
                3 => from_ref(&(0..3)),
                _ => from_ref(&(0..4)),
            },
        }
    }

    /// The gates whose products layer normalisation takes together.
    pub(crate) fn norm_groups(self) -> &'static [Range<usize>] {
        if self == Self::Gru { &[0..2, 2..3] } else { self.products() }
    }

    /// The columns of some gates in rows that are `width` wide.
    pub(crate) fn columns(self, gates: &Range<usize>, width: usize) -> Range<usize> {
        let n = width / self.gates();
        gates.start * n..gates.end * n
    }

    pub(crate) fn forward(self, step: Forward<'_>) {
        use lstm::cpu::Forward as Lstm;
        match self {
            Self::RnnTanh => dispatch(elman::cpu::Forward::<true>(step)),
            Self::RnnRelu => dispatch(elman::cpu::Forward::<false>(step)),
            Self::Lstm => dispatch(Lstm::<true, true, false, false>(step)),
            Self::Lstm1997 => dispatch(Lstm::<true, false, false, false>(step)),
            Self::Lstm1997Squash => dispatch(Lstm::<true, false, false, true>(step)),
            Self::LstmPeephole => dispatch(Lstm::<true, true, true, false>(step)),
            Self::LstmCoupled => dispatch(Lstm::<false, true, false, false>(step)),
            Self::Gru => dispatch(gru::cpu::Forward(step)),
            Self::GruResetBefore => dispatch(gru::cpu::ForwardBefore(step)),
        }
    }

    pub(crate) fn backward(self, step: Backward<'_>) {
        use lstm::cpu::Backward as Lstm;
        match self {
            Self::RnnTanh => dispatch(elman::cpu::Backward::<true>(step)),
            Self::RnnRelu => dispatch(elman::cpu::Backward::<false>(step)),
            Self::Lstm => dispatch(Lstm::<true, true, false, false>(step)),
            Self::Lstm1997 => dispatch(Lstm::<true, false, false, false>(step)),
            Self::Lstm1997Squash => dispatch(Lstm::<true, false, false, true>(step)),
            Self::LstmPeephole => dispatch(Lstm::<true, true, true, false>(step)),
            Self::LstmCoupled => dispatch(Lstm::<false, true, false, false>(step)),
            Self::Gru => dispatch(gru::cpu::Backward(step)),
            Self::GruResetBefore => dispatch(gru::cpu::BackwardBefore(step)),
        }
    }
}

/// Which rows of a batch are within their sequence at a time step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Active<'a> {
    pub(crate) lengths: Option<&'a [usize]>,
    pub(crate) time: usize,
}

impl Active<'_> {
    /// All rows.
    pub(crate) const ALL: Active<'static> = Active { lengths: None, time: 0 };

    #[inline(always)]
    pub(crate) fn row(&self, b: usize) -> bool {
        self.lengths.is_none_or(|l| l[b] > self.time)
    }

    /// Rows up to the last active one: the only ones that need a product.
    pub(crate) fn rows(&self, batch: usize) -> usize {
        (0..batch).rev().find(|&b| self.row(b)).map_or(0, |b| b + 1)
    }
}

/// One time step of gating, all rows of a batch. G gates, H units.
pub(crate) struct Forward<'a> {
    pub(crate) width: usize,
    pub(crate) active: Active<'a>,
    /// \[B, G H\]: sums of the products; the activations afterwards.
    pub(crate) gates: &'a mut [f32],
    /// \[B, G H\]: the hidden product with its bias, where it stays apart; else empty.
    pub(crate) hidden: &'a mut [f32],
    /// \[G H\]: the hidden bias where the products are summed; may be empty.
    pub(crate) bias: &'a [f32],
    /// \[P H\]: what the gates multiply the cell state with; empty where they do not see it.
    pub(crate) peephole: &'a [f32],
    /// \[B, H\]
    pub(crate) h_prev: &'a [f32],
    /// \[B, H\], or empty.
    pub(crate) c_prev: &'a [f32],
    /// \[B, H\]: the new state.
    pub(crate) h: &'a mut [f32],
    /// \[B, H\], or empty: the new cell state.
    pub(crate) c: &'a mut [f32],
}

/// The way back through one time step of gating.
pub(crate) struct Backward<'a> {
    pub(crate) width: usize,
    pub(crate) active: Active<'a>,
    /// \[B, G H\]: the activations; the gradient of the input product afterwards.
    pub(crate) gates: &'a mut [f32],
    /// \[B, G H\]: the hidden product; its gradient afterwards. Empty where the sums are one.
    pub(crate) hidden: &'a mut [f32],
    /// \[P H\], or empty.
    pub(crate) peephole: &'a [f32],
    /// \[P H\], or empty: its gradient, added to.
    pub(crate) d_peephole: &'a mut [f32],
    /// \[B, H\]
    pub(crate) h_prev: &'a [f32],
    /// \[B, H\], or empty.
    pub(crate) c_prev: &'a [f32],
    /// \[B, H\], or empty: the cell state of this step.
    pub(crate) c: &'a [f32],
    /// \[B, H\]: the state's gradient; the part that reaches the state before directly afterwards.
    pub(crate) dh: &'a mut [f32],
    /// \[B, H\], or empty: the same for the cell state.
    pub(crate) dc: &'a mut [f32],
}

/// Row `b` of a matrix of rows of `width`, or nothing of an empty one.
#[inline(always)]
pub(crate) fn row(x: &[f32], width: usize, b: usize) -> &[f32] {
    if x.is_empty() { x } else { &x[b * width..(b + 1) * width] }
}

/// The same, to write.
#[inline(always)]
pub(crate) fn row_mut(x: &mut [f32], width: usize, b: usize) -> &mut [f32] {
    if x.is_empty() { x } else { &mut x[b * width..(b + 1) * width] }
}

/// A vector of block `k` of blocks of `n` elements, from element `j` of the block on.
#[inline(always)]
pub(crate) fn block<S: Simd>(s: S, x: &[f32], n: usize, k: usize, j: usize) -> S::V {
    s.load(&x[k * n + j..(k + 1) * n])
}

/// Writes what [`block`] reads.
#[inline(always)]
pub(crate) fn set_block<S: Simd>(s: S, x: &mut [f32], n: usize, k: usize, j: usize, v: S::V) {
    s.store(&mut x[k * n + j..(k + 1) * n], v);
}

/// A vector from each of G blocks of `n` elements, from element `j` of the block on.
///
/// A loop and not `map`: a closure would not be compiled for the instructions in use.
#[inline(always)]
pub(crate) fn blocks<S: Simd, const G: usize>(s: S, x: &[f32], n: usize, j: usize) -> [S::V; G] {
    let mut all = [s.splat(0.0); G];
    for (k, v) in all.iter_mut().enumerate() {
        *v = block(s, x, n, k, j);
    }
    all
}

/// Writes what [`blocks`] reads.
#[inline(always)]
pub(crate) fn set_blocks<S: Simd, const G: usize>(
    s: S,
    x: &mut [f32],
    n: usize,
    j: usize,
    all: [S::V; G],
) {
    for (k, v) in all.into_iter().enumerate() {
        set_block(s, x, n, k, j, v);
    }
}
