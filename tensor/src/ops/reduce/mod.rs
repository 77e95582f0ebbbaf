//! Sums and means over all elements or over one dimension.

mod middle;
mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::opencl::OpenCl;
use crate::shape::Shape;
use crate::tensor::Tensor;
pub(super) use middle::Middle;

/// Computes the sum of all elements.
///
/// y\[0\] = sum over i of x\[i\]
///
/// | value | shape |
/// |---|---|
/// | x | \[...\] |
/// | y | \[1\] |
///
/// # Errors
/// The device failed.
///
/// PyTorch: `x.sum()`, which has no dimensions.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// let y = ops::sum_all(&mut tape, x)?;
/// assert_eq!(tape.value(y).data(), [10.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn sum_all(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    reduce(tape, "sum_all", x, Middle::all(tape.shape(x)), 1.0, [1].into())
}

/// Computes the mean of all elements, \[1\]. See [`sum_all`].
///
/// y\[0\] = 1 / n sum over i of x\[i\], for n elements
///
/// # Errors
/// There are no elements; the device failed.
///
/// PyTorch: `x.mean()`, which has no dimensions.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// let y = ops::mean_all(&mut tape, x)?;
/// assert_eq!(tape.value(y).data(), [2.5]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn mean_all(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    let middle = Middle::all(tape.shape(x));
    reduce(tape, "mean_all", x, middle, share("mean_all", middle)?, [1].into())
}

/// Computes the sum over one dimension, which stays with the size 1 if `keep_dim`.
///
/// | value | shape |
/// |---|---|
/// | x | \[..., N, ...\] |
/// | y | \[..., 1, ...\], without the 1 unless `keep_dim` |
///
/// # Errors
/// x has no dimension `dim`; the device failed.
///
/// PyTorch: `x.sum(dim, keep_dim)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// let y = ops::sum_dim(&mut tape, x, 1, true)?;
/// assert_eq!((tape.shape(y).dims(), tape.value(y).data()), (&[2, 1][..], &[3.0, 7.0][..]));
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn sum_dim(tape: &mut Tape<'_>, x: Var, dim: usize, keep_dim: bool) -> Result<Var> {
    let middle = Middle::of("sum_dim", tape.shape(x), dim)?;
    let shape = without(tape.shape(x), dim, keep_dim);
    reduce(tape, "sum_dim", x, middle, 1.0, shape)
}

/// Computes the mean over one dimension, with the shapes of [`sum_dim`].
///
/// # Errors
/// x has no dimension `dim`, or it has the size 0; the device failed.
///
/// PyTorch: `x.mean(dim, keep_dim)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// let y = ops::mean_dim(&mut tape, x, 0, false)?;
/// assert_eq!(tape.value(y).data(), [2.0, 3.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn mean_dim(tape: &mut Tape<'_>, x: Var, dim: usize, keep_dim: bool) -> Result<Var> {
    let middle = Middle::of("mean_dim", tape.shape(x), dim)?;
    let shape = without(tape.shape(x), dim, keep_dim);
    reduce(tape, "mean_dim", x, middle, share("mean_dim", middle)?, shape)
}

/// Returns 1 / n.
fn share(op: &'static str, middle: Middle) -> Result<f32> {
    match middle.n {
        0 => Err(Error::argument(op, "the mean of no elements")),
        n => Ok(1.0 / n as f32),
    }
}

/// Returns the shape of a sum over one dimension.
fn without(shape: Shape, dim: usize, keep_dim: bool) -> Shape {
    let mut dims = PooledVec::from(shape.dims());
    if keep_dim || dims.len() == 1 {
        dims[dim] = 1;
        return Shape::new(&dims);
    }
    dims.iter().enumerate().filter(|&(i, _)| i != dim).map(|(_, &n)| n).collect::<PooledVec<_>>()[..]
        .into()
}

fn reduce(
    tape: &mut Tape<'_>,
    op: &'static str,
    x: Var,
    middle: Middle,
    factor: f32,
    shape: Shape,
) -> Result<Var> {
    let y = sums(tape.opencl(), tape.value(x), middle, factor, shape)?;
    let y = tape.output(y);
    tape.record(Reduce { op, x, y, middle, factor });
    Ok(y)
}

/// Returns factor times the sums over the middle dimension.
pub(super) fn sums(
    device: Option<&OpenCl>,
    x: &Tensor,
    middle: Middle,
    factor: f32,
    shape: Shape,
) -> Result<Tensor> {
    if let Some(device) = device {
        return opencl::sums(device, x, middle, factor, shape);
    }
    let Middle { outer, n, inner } = middle;
    let mut y = Tensor::zeros(shape);
    let (to, from) = (y.data_mut(), x.data());
    for o in 0..outer {
        let block = &from[o * n * inner..][..n * inner];
        if inner == 1 {
            to[o] = sum_of(block);
        } else {
            let to = &mut to[o * inner..][..inner];
            block.chunks_exact(inner.max(1)).for_each(|row| kernels::add(to, row));
        }
    }
    if factor != 1.0 {
        kernels::scale(to, factor);
    }
    Ok(y)
}

/// Returns the sum of a slice, in eight partial sums in f64.
fn sum_of(x: &[f32]) -> f32 {
    let mut sums = [0.0_f64; 8];
    let mut parts = x.chunks_exact(8);
    for part in parts.by_ref() {
        sums.iter_mut().zip(part).for_each(|(s, &v)| *s += f64::from(v));
    }
    sums.iter_mut().zip(parts.remainder()).for_each(|(s, &v)| *s += f64::from(v));
    sums.iter().sum::<f64>() as f32
}

struct Reduce {
    op: &'static str,
    x: Var,
    y: Var,
    middle: Middle,
    factor: f32,
}

impl Op for Reduce {
    fn name(&self) -> &'static str {
        self.op
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        if !back.requires_grad(self.x) {
            return Ok(());
        }
        let shape = back.value(self.x).shape();
        if let Some(device) = back.opencl() {
            let dx = opencl::expand(device, &dy, self.middle, self.factor, shape)?;
            return back.add(self.x, dx);
        }
        let Middle { n, inner, .. } = self.middle;
        let mut dx = Tensor::uninit(shape);
        let blocks = dx.data_mut().chunks_exact_mut((n * inner).max(1));
        for (to, d) in blocks.zip(dy.data().chunks_exact(inner.max(1))) {
            for row in to.chunks_exact_mut(inner.max(1)) {
                row.iter_mut().zip(d).for_each(|(to, d)| *to = self.factor * d);
            }
        }
        back.add(self.x, dx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

    type Operation = fn(&mut Tape<'_>, Var) -> Result<Var>;

    #[test]
    fn all_agree_with_plain_loops_and_finite_differences() {
        let cases: [(Operation, usize, usize, f64); 6] = [
            (sum_all, 0, 4, 1.0),
            (mean_all, 0, 4, 1.0 / 42.0),
            (|t, x| sum_dim(t, x, 0, false), 0, 1, 1.0),
            (|t, x| sum_dim(t, x, 1, true), 1, 2, 1.0),
            (|t, x| mean_dim(t, x, 2, false), 2, 3, 0.5),
            (|t, x| mean_dim(t, x, 1, false), 1, 2, 1.0 / 7.0),
        ];
        let dims = [3, 7, 2];
        for (operation, first, end, factor) in cases {
            let end = end.min(3);
            let outer: usize = dims[..first].iter().product();
            let n: usize = dims[first..end].iter().product();
            let plain = |x: &[f64]| reference::sums(x, outer, n, factor);
            let x = values(42, 1);
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from_vec(dims, to_f32(&x)).unwrap());
            let y = operation(&mut tape, v).unwrap();
            let want = plain(&x);
            assert_close(&to_f64(tape.value(y).data()), &want, 1e-6, "y");
            let c = values(want.len(), 2);
            let seed = Tensor::from_vec(tape.shape(y), to_f32(&c)).unwrap();
            let back = tape.backward(&[(y, seed)]).unwrap();
            let dx = reference::backward(&c, outer, n, 42, factor);
            assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-6, "dx");
            let loss = |x: &[f64]| plain(x).iter().zip(&c).map(|(y, c)| y * c).sum();
            assert_close(&dx, &finite_differences(loss, &x), 1e-6, "reference dx");
        }
    }

    #[test]
    fn shapes_are_those_of_pytorch() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::zeros([2, 3, 4]));
        let mut shape = |dim, keep| {
            let y = sum_dim(&mut tape, x, dim, keep).unwrap();
            tape.shape(y).dims().to_vec()
        };
        assert_eq!(shape(0, false), [3, 4]);
        assert_eq!(shape(1, false), [2, 4]);
        assert_eq!(shape(2, true), [2, 3, 1]);
        assert!(sum_dim(&mut tape, x, 3, false).is_err());
        let nothing = tape.input(Tensor::zeros([0, 2]));
        assert!(mean_all(&mut tape, nothing).is_err());
        let y = sum_dim(&mut tape, nothing, 0, false).unwrap();
        assert_eq!(tape.value(y).data(), [0.0, 0.0]);
    }

    #[test]
    fn a_long_sum_is_not_rounded_away() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::full([1 << 20], 0.1));
        let y = sum_all(&mut tape, x).unwrap();
        let want = f64::from(0.1_f32) * f64::from(1 << 20);
        assert!((f64::from(tape.value(y).data()[0]) / want - 1.0).abs() < 1e-6);
    }
}
