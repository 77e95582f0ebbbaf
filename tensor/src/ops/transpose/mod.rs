//! Swaps two dimensions.

mod opencl;
pub mod reference;
mod sizes;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::opencl::OpenCl;
use crate::shape::Shape;
use crate::tensor::Tensor;
use sizes::Sizes;

/// Swaps two dimensions; the result is a copy.
///
/// | value | shape |
/// |---|---|
/// | x | \[..., N, ..., M, ...\] |
/// | y | \[..., M, ..., N, ...\] |
///
/// # Errors
/// x has no such dimension; the device failed.
///
/// PyTorch: `x.transpose(first, second).contiguous()`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
/// let y = ops::transpose(&mut tape, x, 0, 1)?;
/// assert_eq!(tape.shape(y).dims(), [3, 2]);
/// assert_eq!(tape.value(y).data(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn transpose(tape: &mut Tape<'_>, x: Var, first: usize, second: usize) -> Result<Var> {
    let shape = tape.shape(x);
    let rank = shape.rank();
    if let Some(dim) = [first, second].into_iter().find(|&dim| dim >= rank) {
        let what = format!("dimension {dim} of {shape}, expected less than {rank}");
        return Err(Error::argument("transpose", what));
    }
    let sizes = Sizes::of(shape, first.min(second), first.max(second));
    let mut dims = PooledVec::from(shape.dims());
    dims.swap(first, second);
    let y = swapped(tape.opencl(), tape.value(x), sizes, Shape::new(&dims))?;
    let y = tape.output(y);
    tape.record(Transpose { x, y, sizes });
    Ok(y)
}

fn swapped(device: Option<&OpenCl>, x: &Tensor, sizes: Sizes, shape: Shape) -> Result<Tensor> {
    if let Some(device) = device {
        return opencl::transpose(device, x, sizes, shape);
    }
    let Sizes { outer, n, middle, m, inner } = sizes;
    let mut y = Tensor::uninit(shape);
    let (from, to) = (x.data(), y.data_mut());
    let mut at = 0;
    for o in 0..outer {
        for j in 0..m {
            for k in 0..middle {
                for i in 0..n {
                    let start = (((o * n + i) * middle + k) * m + j) * inner;
                    to[at..at + inner].copy_from_slice(&from[start..start + inner]);
                    at += inner;
                }
            }
        }
    }
    Ok(y)
}

struct Transpose {
    x: Var,
    y: Var,
    sizes: Sizes,
}

impl Op for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        let shape = back.value(self.x).shape();
        back.add(self.x, swapped(back.opencl(), &dy, self.sizes.reversed(), shape)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, to_f32, to_f64, values};

    #[test]
    fn both_directions_agree_with_plain_loops() {
        let dims = [2, 3, 4, 5];
        let (x, c) = (values(120, 1), values(120, 2));
        for first in 0..4 {
            for second in 0..4 {
                let params = Params::new();
                let mut tape = Tape::new(&params);
                let v = tape.input(Tensor::from_vec(dims, to_f32(&x)).unwrap());
                let y = transpose(&mut tape, v, first, second).unwrap();
                let (want, out) = reference::transpose(&x, &dims, first, second);
                assert_eq!(tape.shape(y).dims(), out);
                assert_close(&to_f64(tape.value(y).data()), &want, 1e-7, "y");
                let seed = Tensor::from_vec(&out[..], to_f32(&c)).unwrap();
                let back = tape.backward(&[(y, seed)]).unwrap();
                let (dx, _) = reference::transpose(&c, &out, first, second);
                assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-7, "dx");
            }
        }
    }

    #[test]
    fn a_dimension_that_is_missing_is_refused() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::zeros([2, 3]));
        let error = transpose(&mut tape, x, 0, 2).unwrap_err().to_string();
        assert_eq!(error, "transpose: dimension 2 of [2, 3], expected less than 2");
    }
}
