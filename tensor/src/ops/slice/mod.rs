//! A range of one dimension.

mod columns;
mod opencl;
pub mod reference;

use std::ops::Range;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::ops::reduce::Middle;
use crate::shape::Shape;
use crate::tensor::Tensor;
use columns::Columns;

/// Returns entries `range` of dimension `dim`.
///
/// | value | shape |
/// |---|---|
/// | x | \[..., N, ...\] |
/// | y | \[..., end - start, ...\] |
///
/// Entries of the outermost dimension share the memory of x ([`Tape::range`]); those of any other
/// are copied.
///
/// # Errors
/// x has no such dimension, or the dimension ends before `range`; the device failed.
///
/// PyTorch: `x.narrow(dim, start, end - start)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
/// let y = ops::slice(&mut tape, x, 1, 1..3)?;
/// assert_eq!(tape.value(y).data(), [2.0, 3.0, 5.0, 6.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn slice(tape: &mut Tape<'_>, x: Var, dim: usize, range: Range<usize>) -> Result<Var> {
    let shape = tape.shape(x);
    let Middle { outer, n, inner } = Middle::of("slice", shape, dim)?;
    if range.start > range.end || range.end > n {
        let what = format!("{range:?} of dimension {dim} of {shape}, expected within 0..{n}");
        return Err(Error::argument("slice", what));
    }
    if dim == 0 {
        return Ok(tape.range(x, range));
    }
    let mut dims = PooledVec::from(shape.dims());
    dims[dim] = range.len();
    // The same as columns of a matrix.
    let columns = Columns {
        rows: outer,
        width: n * inner,
        first: range.start * inner,
        count: range.len() * inner,
    };
    let y = read(tape, x, columns, Shape::new(&dims))?;
    let y = tape.output(y);
    tape.record(Slice { x, y, columns });
    Ok(y)
}

fn read(tape: &Tape<'_>, x: Var, columns: Columns, shape: Shape) -> Result<Tensor> {
    if let Some(device) = tape.opencl() {
        return opencl::read(device, tape.value(x), columns, shape);
    }
    let Columns { width, first, count, .. } = columns;
    let mut y = Tensor::uninit(shape);
    let rows = tape.value(x).data().chunks_exact(width.max(1));
    for (to, row) in y.data_mut().chunks_exact_mut(count.max(1)).zip(rows) {
        to.copy_from_slice(&row[first..][..count]);
    }
    Ok(y)
}

struct Slice {
    x: Var,
    y: Var,
    columns: Columns,
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        let Columns { width, first, count, .. } = self.columns;
        if let Some(device) = back.opencl() {
            return match back.grad_on_device(self.x)? {
                Some((grad, at)) => opencl::add(device, &dy, self.columns, grad, at),
                None => Ok(()),
            };
        }
        let Some(grad) = back.grad_mut(self.x) else { return Ok(()) };
        let rows = grad.chunks_exact_mut(width.max(1));
        for (to, row) in rows.zip(dy.data().chunks_exact(count.max(1))) {
            kernels::add(&mut to[first..][..count], row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, to_f32, to_f64, values};
    use crate::ops::sum;

    #[test]
    fn both_directions_agree_with_plain_loops() {
        let dims = [2, 5, 3];
        let x = values(30, 1);
        for (dim, range) in [(0, 1..2), (1, 0..5), (1, 2..4), (1, 3..3), (2, 1..3), (2, 0..1)] {
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from_vec(dims, to_f32(&x)).unwrap());
            let y = slice(&mut tape, v, dim, range.clone()).unwrap();
            let (want, out) = reference::slice(&x, &dims, dim, range.clone());
            assert_eq!(tape.shape(y).dims(), out);
            assert_close(&to_f64(tape.value(y).data()), &want, 1e-7, "y");
            // Both gradients of x are added up.
            let twice = sum(&mut tape, &[y, y], 1.0).unwrap();
            let c = values(want.len(), 2);
            let seed = Tensor::from_vec(&out[..], to_f32(&c)).unwrap();
            let seeds = [(twice, seed), (v, Tensor::full(dims, 1.0))];
            let back = tape.backward(&seeds).unwrap();
            let dx = reference::backward(&c, &dims, dim, range);
            let dx: Vec<f64> = dx.iter().map(|d| 1.0 + 2.0 * d).collect();
            assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-6, "dx");
        }
    }

    #[test]
    fn what_is_outside_is_refused() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::zeros([2, 3]));
        let error = slice(&mut tape, x, 1, 1..4).unwrap_err().to_string();
        assert_eq!(error, "slice: 1..4 of dimension 1 of [2, 3], expected within 0..3");
        assert!(slice(&mut tape, x, 0, 0..3).is_err() && slice(&mut tape, x, 2, 0..0).is_err());
    }
}
