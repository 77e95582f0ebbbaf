//! A dropout mask: random numbers drawn per element of the whole batch.

use crate::autograd::BatchPart;
use crate::random::{LANES, PhiloxStream};
use crate::simd::{Kernel, Simd, dispatch};
use crate::tensor::Tensor;

/// Selects the elements of a tensor that are dropped.
pub(super) struct Mask {
    pub(super) draw: PhiloxStream,
    /// The probability with which an element is dropped.
    pub(super) p: f32,
    /// Rows of the batch, \[..., rows, W\].
    pub(super) rows: usize,
    pub(super) part: BatchPart,
}

impl Mask {
    /// An element is dropped if its random word is below this.
    pub(super) fn threshold(&self) -> u32 {
        (f64::from(self.p) * 4_294_967_296.0) as u32
    }

    /// The factor of the elements that are kept.
    pub(super) fn keep(&self) -> f32 {
        1.0 / (1.0 - self.p)
    }

    /// Multiplies x by the mask in place.
    pub(super) fn apply(&self, x: &mut Tensor) {
        let width = x.shape().width().max(1);
        dispatch(Apply { mask: self, width, x: x.data_mut() });
    }
}

struct Apply<'a> {
    mask: &'a Mask,
    width: usize,
    x: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Mask { draw, rows, part, .. } = *self.mask;
        let (threshold, keep) = (self.mask.threshold(), self.mask.keep());
        // Rows start at a multiple of four words, so that a block serves one row only.
        let row_blocks = self.width.div_ceil(4) as u64;
        for (i, row) in self.x.chunks_exact_mut(self.width).enumerate() {
            let b = part.row(i % rows);
            let mut block = (i / rows * part.total + b) as u64 * row_blocks;
            for values in row.chunks_mut(4 * LANES) {
                let words = draw.blocks(block);
                let mut factors = [0.0; 4 * LANES];
                for l in 0..LANES {
                    for w in 0..4 {
                        factors[4 * l + w] = if words[w][l] < threshold { 0.0 } else { keep };
                    }
                }
                for (v, factor) in values.iter_mut().zip(factors) {
                    *v *= factor;
                }
                block += LANES as u64;
            }
        }
    }
}
