//! Dropout whose random numbers do not depend on how a batch is divided.

mod mask;
mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use mask::Mask;

/// Sets each element to zero with probability p, else divides it by 1 - p (Srivastava et al. 2014).
///
/// y = x m / (1 - p). The mask m is drawn by Philox from seed, step, counter and the element's
/// position in the whole batch, so it is the same for every device, thread count and resumed run.
/// If the tape has no random draws (evaluation), y is x.
///
/// | value | shape |
/// |---|---|
/// | x, y | \[..., B, W\] |
///
/// # Errors
/// p is outside \[0, 1).
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
    check(p)?;
    if p == 0.0 {
        return Ok(x);
    }
    let Some(draw) = tape.next_stream() else { return Ok(x) };
    let shape = tape.shape(x);
    let rows = shape.dims().iter().rev().nth(1).copied().unwrap_or(1);
    let mask = Mask { draw, p, rows, part: tape.part(rows) };
    let y = match tape.opencl() {
        Some(device) => mask.applied_on_device(device, tape.value(x))?,
        None => {
            let mut y = tape.value(x).copy()?;
            mask.apply(&mut y);
            y
        }
    };
    let y = tape.output(y);
    tape.record(Dropout { x, y, mask });
    Ok(y)
}

fn check(p: f32) -> Result<()> {
    if (0.0..1.0).contains(&p) {
        return Ok(());
    }
    Err(Error::argument("dropout", format!("p is {p}, expected 0 <= p < 1")))
}

/// Draws a dropout mask \[B, W\] for a whole sequence: each element is 0 with probability p, else 1
/// / (1 - p). Returns `None` if nothing is dropped: p is 0, or the tape has no random draws.
///
/// The mask depends on the seed, the step and `name` only, so all time steps of a sequence on one
/// tape get the same mask.
///
/// # Errors
/// p is outside \[0, 1).
pub fn sequence_mask(
    tape: &Tape<'_>,
    shape: [usize; 2],
    p: f32,
    name: &str,
) -> Result<Option<Tensor>> {
    check(p)?;
    let Some(draw) = tape.named_stream(name).filter(|_| p > 0.0) else { return Ok(None) };
    let drawn = Mask { draw, p, rows: shape[0], part: tape.part(shape[0]) };
    if let Some(device) = tape.opencl() {
        let mut mask = device.full(shape, 1.0)?;
        drawn.apply_on_device(device, &mut mask)?;
        return Ok(Some(mask));
    }
    let mut mask = Tensor::full(shape, 1.0);
    drawn.apply(&mut mask);
    Ok(Some(mask))
}

/// Applies dropout with one mask per sequence: the same elements are dropped at every time step
/// (Gal and Ghahramani 2016).
///
/// y_t = x_t m, m a [`sequence_mask`] of x's last two dimensions.
///
/// | value | shape |
/// |---|---|
/// | x, y | \[..., B, W\] |
///
/// # Errors
/// p is outside \[0, 1).
pub fn dropout_sequence(tape: &mut Tape<'_>, x: Var, p: f32, name: &str) -> Result<Var> {
    let shape = tape.shape(x);
    let rows = shape.dims().iter().rev().nth(1).copied().unwrap_or(1);
    match sequence_mask(tape, [rows, shape.width()], p, name)? {
        Some(mask) => masked(tape, x, mask),
        None => Ok(x),
    }
}

/// Multiplies a sequence by one mask at every time step: y_t = x_t m.
///
/// | value | shape |
/// |---|---|
/// | m | \[B, W\], on the tape's device |
/// | x, y | \[..., B, W\] |
///
/// PyTorch: `x * m`, m without a gradient.
///
/// # Errors
/// The mask has another shape than x's last two dimensions.
pub fn masked(tape: &mut Tape<'_>, x: Var, mask: Tensor) -> Result<Var> {
    let shape = tape.shape(x);
    let last = shape.dims().len().saturating_sub(2);
    if shape.dims().get(last..) != Some(mask.shape().dims()) {
        return Err(Error::shapes("masked", mask.shape(), shape));
    }
    let y = match tape.opencl() {
        Some(device) => opencl::masked(device, tape.value(x), &mask)?,
        None => {
            let mut y = tape.value(x).copy()?;
            multiply(&mut y, &mask);
            y
        }
    };
    let y = tape.output(y);
    tape.record(Masked { x, y, mask });
    Ok(y)
}

fn multiply(x: &mut Tensor, mask: &Tensor) {
    for step in x.data_mut().chunks_exact_mut(mask.len().max(1)) {
        step.iter_mut().zip(mask.data()).for_each(|(x, m)| *x *= m);
    }
}

struct Masked {
    x: Var,
    y: Var,
    mask: Tensor,
}

impl Op for Masked {
    fn name(&self) -> &'static str {
        "masked"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut dy) = back.take(self.y) else { return Ok(()) };
        match back.opencl() {
            Some(device) => dy = opencl::masked(device, &dy, &self.mask)?,
            None => multiply(&mut dy, &self.mask),
        }
        back.add(self.x, dy)
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

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut dy) = back.take(self.y) else { return Ok(()) };
        match back.opencl() {
            Some(device) => self.mask.apply_on_device(device, &mut dy)?,
            None => self.mask.apply(&mut dy),
        }
        back.add(self.x, dy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
    use crate::{BatchPart, Params};

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
        assert_eq!(back.grad(x), Some(&values));
    }

    #[test]
    fn both_directions_agree_with_plain_loops_and_finite_differences() {
        let params = Params::new();
        for (p, shape) in [(0.3, [2, 3, 5]), (0.5, [1, 4, 70]), (0.9, [3, 1, 1])] {
            let n = shape.iter().product();
            let (x, cotangent) = (values(n, 1), values(n, 2));
            let mut tape = Tape::new(&params).with_draws(5, 9);
            let draw = Tape::new(&params).with_draws(5, 9).next_stream().unwrap();
            let mask: Vec<f64> = reference::mask(&draw, p, shape);
            let v = tape.input(Tensor::from_vec(shape, to_f32(&x)).unwrap());
            let y = dropout(&mut tape, v, p).unwrap();
            let want = reference::apply(&x, &mask);
            assert_close(&to_f64(tape.value(y).data()), &want, 1e-6, "y");
            let seed = Tensor::from_vec(shape, to_f32(&cotangent)).unwrap();
            let back = tape.backward(&[(y, seed)]).unwrap();
            let dx = reference::apply(&cotangent, &mask);
            assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-6, "dx");
            let loss = |x: &[f64]| -> f64 {
                reference::apply(x, &mask).iter().zip(&cotangent).map(|(y, c)| y * c).sum()
            };
            assert_close(&dx, &finite_differences(loss, &x), 1e-6, "reference dx");
        }
    }

    #[test]
    fn a_sequence_has_one_mask_however_it_is_run_and_shared_out() {
        let params = Params::new();
        let mut tape = Tape::new(&params).with_draws(5, 9);
        let x = tape.input(Tensor::full([3, 40, 33], 2.0));
        let y = dropout_sequence(&mut tape, x, 0.25, "a").unwrap();
        let kept = tape.value(y).index(0).data().iter().filter(|&&v| v != 0.0).count();
        assert!((kept as f32 / 1320.0 - 0.75).abs() < 0.05, "{kept}");
        let first = tape.value(y).index(0);
        assert!((1..3).all(|t| tape.value(y).index(t) == first));
        let step = tape.index(x, 1);
        let alone = dropout_sequence(&mut tape, step, 0.25, "a").unwrap();
        assert_eq!(tape.value(alone), &first);
        let other = dropout_sequence(&mut tape, step, 0.25, "b").unwrap();
        assert_ne!(tape.value(other), &first);
        let part = BatchPart { first: 1, step: 2, total: 40 };
        let half = Tape::new(&params).with_draws(5, 9).with_part(part);
        let mask = sequence_mask(&half, [20, 33], 0.25, "a").unwrap().unwrap();
        for (i, row) in mask.data().chunks(33).enumerate() {
            let whole = &first.data()[(1 + 2 * i) * 33..][..33];
            assert!(row.iter().zip(whole).all(|(m, y)| 2.0 * m == *y));
        }
        let values = tape.value(y).clone();
        let back = tape.backward(&[(y, Tensor::full([3, 40, 33], 2.0))]).unwrap();
        assert_eq!(back.grad(x), Some(&values));
        assert!(sequence_mask(&Tape::new(&params), [4, 4], 0.5, "a").unwrap().is_none());
        assert!(sequence_mask(&Tape::new(&params), [4, 4], 1.0, "a").is_err());
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
