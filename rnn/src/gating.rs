//! The arguments of one time step of gating, and access to their rows and blocks.

use tensor::simd::Simd;

/// The rows of a batch that are within their sequence at a time step.
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

    /// Returns the number of rows up to the last active one; only these need a product.
    pub(crate) fn rows(&self, batch: usize) -> usize {
        (0..batch).rev().find(|&b| self.row(b)).map_or(0, |b| b + 1)
    }
}

/// The arguments of one time step of gating over all rows of a batch. G gates, H units.
pub(crate) struct GatingForward<'a> {
    pub(crate) width: usize,
    pub(crate) active: Active<'a>,
    /// \[B, G H\]: sums of the products on entry; the activations on return.
    pub(crate) gates: &'a mut [f32],
    /// \[B, G H\]: the hidden product with its bias if it is kept apart, else empty.
    pub(crate) hidden: &'a mut [f32],
    /// \[G H\]: the hidden bias if the products are summed; may be empty.
    pub(crate) bias: &'a [f32],
    /// \[P H\]: the peephole weights; empty if the cell has none.
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

/// The arguments of the backward pass through one time step of gating.
pub(crate) struct GatingBackward<'a> {
    pub(crate) width: usize,
    pub(crate) active: Active<'a>,
    /// \[B, G H\]: the activations on entry; the gradient of the input product on return.
    pub(crate) gates: &'a mut [f32],
    /// \[B, G H\]: the hidden product on entry; its gradient on return. Empty if the products are
    /// summed.
    pub(crate) hidden: &'a mut [f32],
    /// \[P H\], or empty.
    pub(crate) peephole: &'a [f32],
    /// \[P H\], or empty: the gradient of the peephole weights, accumulated.
    pub(crate) d_peephole: &'a mut [f32],
    /// \[B, H\]
    pub(crate) h_prev: &'a [f32],
    /// \[B, H\], or empty.
    pub(crate) c_prev: &'a [f32],
    /// \[B, H\], or empty: the cell state of this step.
    pub(crate) c: &'a [f32],
    /// \[B, H\]: the state's gradient on entry; on return, the part of the previous state's
    /// gradient that does not pass through a product.
    pub(crate) dh: &'a mut [f32],
    /// \[B, H\], or empty: the same for the cell state.
    pub(crate) dc: &'a mut [f32],
}

/// Returns row `b` of a matrix with rows of `width`, or an empty slice if the matrix is empty.
#[inline(always)]
pub(crate) fn row(x: &[f32], width: usize, b: usize) -> &[f32] {
    if x.is_empty() { x } else { &x[b * width..(b + 1) * width] }
}

/// Returns the mutable slice that corresponds to [`row`].
#[inline(always)]
pub(crate) fn row_mut(x: &mut [f32], width: usize, b: usize) -> &mut [f32] {
    if x.is_empty() { x } else { &mut x[b * width..(b + 1) * width] }
}

/// Loads a vector from block `k` of blocks of `n` elements, starting at element `j` of the block.
#[inline(always)]
pub(crate) fn block<S: Simd>(s: S, x: &[f32], n: usize, k: usize, j: usize) -> S::V {
    s.load(&x[k * n + j..(k + 1) * n])
}

/// Stores a vector at the position that [`block`] loads from.
#[inline(always)]
pub(crate) fn set_block<S: Simd>(s: S, x: &mut [f32], n: usize, k: usize, j: usize, v: S::V) {
    s.store(&mut x[k * n + j..(k + 1) * n], v);
}

/// Loads a vector from each of G blocks of `n` elements, starting at element `j` of the block.
///
/// A loop instead of `map`, since a closure is not compiled for the enabled instruction set.
#[inline(always)]
pub(crate) fn blocks<S: Simd, const G: usize>(s: S, x: &[f32], n: usize, j: usize) -> [S::V; G] {
    let mut all = [s.splat(0.0); G];
    for (k, v) in all.iter_mut().enumerate() {
        *v = block(s, x, n, k, j);
    }
    all
}

/// Stores vectors at the positions that [`blocks`] loads from.
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
