//! One time step of gating: what a cell is given, and how it reads rows and blocks.

use tensor::simd::Simd;

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
pub(crate) struct GatingForward<'a> {
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

/// The backward pass through one time step of gating.
pub(crate) struct GatingBackward<'a> {
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
