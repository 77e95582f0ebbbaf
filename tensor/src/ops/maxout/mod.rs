//! Maxout: the largest of a few adjacent elements.

mod opencl;
pub mod reference;
#[cfg(test)]
mod tests;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Returns the largest of every `pieces` adjacent elements (Goodfellow et al. 2013, section 2; with
/// two pieces the readout of Bahdanau et al. 2014, appendix A.2.2).
///
/// y_j = max(x_{j k}, ..., x_{j k + k - 1}), k being `pieces`
///
/// The gradient goes to the largest element, the first of equal ones.
///
/// | value | shape |
/// |---|---|
/// | x | \[..., k H\] |
/// | y | \[..., H\] |
///
/// # Errors
/// `pieces` is 0 or does not divide the width.
///
/// PyTorch: `x.unflatten(-1, (-1, k)).max(-1).values`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from(array![[1.0, 3.0, -2.0, -5.0]]));
/// let y = ops::maxout(&mut tape, x, 2)?;
/// assert_eq!(tape.value(y).data(), [3.0, -2.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn maxout(tape: &mut Tape<'_>, x: Var, pieces: usize) -> Result<Var> {
    let shape = tape.shape(x);
    let width = shape.width();
    if pieces == 0 || !width.is_multiple_of(pieces) {
        let what = format!("{pieces} pieces of a width of {width}, expected a divisor of it");
        return Err(Error::argument("maxout", what));
    }
    if let Some(device) = tape.opencl() {
        let y = tape.output(opencl::forward(device, tape.value(x), pieces)?);
        tape.record(Maxout { x, y, pieces });
        return Ok(y);
    }
    let mut y = Tensor::uninit(shape.with_width(width / pieces));
    let groups = tape.value(x).data().chunks_exact(pieces);
    for (y, group) in y.data_mut().iter_mut().zip(groups) {
        *y = group.iter().fold(f32::NEG_INFINITY, |m, &v| largest(m, v));
    }
    let y = tape.output(y);
    tape.record(Maxout { x, y, pieces });
    Ok(y)
}

/// Returns the larger number, or NaN if either is: a loss that is not a number must not be hidden.
#[inline(always)]
fn largest(m: f32, v: f32) -> f32 {
    if v <= m || m.is_nan() { m } else { v }
}

struct Maxout {
    x: Var,
    y: Var,
    pieces: usize,
}

impl Op for Maxout {
    fn name(&self) -> &'static str {
        "maxout"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        let (x, y) = (back.value(self.x).clone(), back.value(self.y).clone());
        if let Some(device) = back.opencl() {
            let dx = opencl::backward(device, &x, &y, &dy, self.pieces)?;
            return back.add(self.x, dx);
        }
        let Some(dx) = back.grad_mut(self.x) else { return Ok(()) };
        let groups = x.data().chunks_exact(self.pieces).zip(dx.chunks_exact_mut(self.pieces));
        for ((x, dx), (d, y)) in groups.zip(dy.data().iter().zip(y.data())) {
            let mut open = true;
            for (x, dx) in x.iter().zip(dx) {
                let here = open && x == y;
                open &= !here;
                *dx += if here { *d } else { 0.0 };
            }
        }
        Ok(())
    }
}
