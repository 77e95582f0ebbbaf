//! Dropout that draws the same however a batch is shared out.

use crate::error::{Error, Result};
use crate::random::{Draw, LANES};
use crate::simd::{Kernel, Simd, dispatch};
use crate::tape::{Backward, BatchPart, Op, Tape, Var};
use crate::tensor::Tensor;

/// Dropout: each element is zero with probability p, else divided by 1 - p (Srivastava et al. 2014).
///
/// y = x m / (1 - p), m from Philox by seed, step, place and the element's position in the whole
/// batch; the same for every device, thread count and resumed run. Without random draws on the
/// tape (evaluation), y is x.
///
/// | value | shape |
/// |---|---|
/// | x, y | \[..., B, W\] |
///
/// # Errors
/// p outside \[0, 1).
///
/// PyTorch: `torch.nn.functional.dropout(x, p)` (other random numbers).
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params).with_draws(1, 0);
/// let x = tape.input(Tensor::full([100, 10], 1.0));
/// let y = ops::dropout(&mut tape, x, 0.2)?;
/// assert!(tape.value(y).data().iter().all(|&v| v == 0.0 || v == 1.25));
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn dropout(tape: &mut Tape<'_>, x: Var, p: f32) -> Result<Var> {
    if !(0.0..1.0).contains(&p) {
        return Err(Error::argument("dropout", format!("p is {p}, expected 0 <= p < 1")));
    }
    if p == 0.0 {
        return Ok(x);
    }
    let Some(draw) = tape.next_draw() else { return Ok(x) };
    let shape = tape.shape(x);
    let rows = shape.dims().iter().rev().nth(1).copied().unwrap_or(1);
    let mask = Mask { draw, p, rows, part: tape.part(rows) };
    let mut y = tape.value(x).copy();
    mask.apply(&mut y);
    let y = tape.output(y);
    tape.record(Dropout { x, y, mask });
    Ok(y)
}

struct Mask {
    draw: Draw,
    p: f32,
    rows: usize,
    part: BatchPart,
}

impl Mask {
    fn apply(&self, x: &mut Tensor) {
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
        let Mask { draw, p, rows, part } = *self.mask;
        let threshold = (f64::from(p) * 4_294_967_296.0) as u32;
        let keep = 1.0 / (1.0 - p);
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

struct Dropout {
    x: Var,
    y: Var,
    mask: Mask,
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn backward(self: Box<Self>, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut dy) = back.take(self.y) else { return Ok(()) };
        self.mask.apply(&mut dy);
        back.add(self.x, dy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;

    #[test]
    fn the_mask_is_kept_and_scaled_and_the_gradient_has_it_too() {
        let params = Params::new();
        let mut tape = Tape::new(&params).with_draws(5, 9);
        let x = tape.input(Tensor::full([3, 40, 33], 2.0));
        let y = dropout(&mut tape, x, 0.25).unwrap();
        let kept = tape.value(y).data().iter().filter(|&&v| v != 0.0).count() as f32 / 3960.0;
        assert!((kept - 0.75).abs() < 0.03, "{kept}");
        let values = tape.value(y).clone();
        let back = tape.backward(&[(y, Tensor::full([3, 40, 33], 2.0))]).unwrap();
        assert_eq!(back.of(x), Some(&values));
    }

    #[test]
    fn a_part_of_a_batch_draws_what_the_whole_would() {
        let params = Params::new();
        let run = |part: Option<BatchPart>, rows: usize| {
            let mut tape = Tape::new(&params).with_draws(5, 9);
            if let Some(part) = part {
                tape = tape.with_part(part);
            }
            let x = tape.input(Tensor::full([2, rows, 7], 1.0));
            let y = dropout(&mut tape, x, 0.5).unwrap();
            tape.value(y).to_array()
        };
        let whole = run(None, 5);
        for first in 0..2 {
            let rows = (5_usize - first).div_ceil(2);
            let part = run(Some(BatchPart { first, step: 2, total: 5 }), rows);
            assert_eq!(part, whole.slice(ndarray::s![.., first..;2, ..]).into_dyn());
        }
    }

    #[test]
    fn evaluation_passes_everything_and_p_is_checked() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::full([2, 2], 1.0));
        assert_eq!(dropout(&mut tape, x, 0.5).unwrap(), x);
        assert!(dropout(&mut tape, x, 1.0).is_err());
    }
}
