//! Products of two values.

mod cpu;
mod opencl;
pub mod reference;
mod sizes;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::Result;
use sizes::Sizes;

/// Multiplies matrices.
///
/// y\[..., m, n\] = sum over k of a\[..., m, k\] b\[..., k, n\]
///
/// | value | shape |
/// |---|---|
/// | a | \[..., M, K\] |
/// | b | \[K, N\], the same matrix for all of a, or \[..., K, N\] with a's outer dimensions |
/// | y | \[..., M, N\] |
///
/// [`linear`](fn@crate::ops::linear) multiplies by a parameter and is faster: the parameter is packed
/// once per step, and its gradient is one product for all uses.
///
/// # Errors
/// The shapes do not fit; the device failed.
///
/// PyTorch: `a @ b`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let a = tape.input(Tensor::from([[1.0, 2.0], [0.0, 1.0]]));
/// let b = tape.input(Tensor::from([[3.0], [4.0]]));
/// let y = ops::matmul(&mut tape, a, b)?;
/// assert_eq!(tape.value(y).data(), [11.0, 4.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn matmul(tape: &mut Tape<'_>, a: Var, b: Var) -> Result<Var> {
    let (sizes, shape) = Sizes::of(tape.shape(a), tape.shape(b))?;
    let y = match tape.opencl() {
        Some(device) => opencl::forward(device, sizes, tape.value(a), tape.value(b), shape)?,
        None => cpu::forward(tape.threads(), sizes, tape.value(a), tape.value(b), shape),
    };
    let y = tape.output(y);
    tape.record(Matmul { sizes, a, b, y });
    Ok(y)
}

struct Matmul {
    sizes: Sizes,
    a: Var,
    b: Var,
    y: Var,
}

impl Op for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        let (a, b) = (back.value(self.a).clone(), back.value(self.b).clone());
        let threads = back.threads().clone();
        if back.requires_grad(self.a) {
            let da = match back.opencl() {
                Some(device) => opencl::left(device, self.sizes, &dy, &b, a.shape())?,
                None => cpu::left(&threads, self.sizes, &dy, &b, a.shape()),
            };
            back.add(self.a, da)?;
        }
        if back.requires_grad(self.b) {
            let db = match back.opencl() {
                Some(device) => opencl::right(device, self.sizes, &a, &dy, b.shape())?,
                None => cpu::right(&threads, self.sizes, &a, &dy, b.shape()),
            };
            back.add(self.b, db)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
    use crate::shape::Shape;
    use crate::{Params, Tensor};

    #[test]
    fn it_agrees_with_plain_loops_and_finite_differences() {
        let shapes: [(&[usize], &[usize], &[usize]); 5] = [
            (&[1, 1], &[1, 1], &[1, 1]),
            (&[3, 5], &[5, 7], &[3, 7]),
            (&[2, 3, 5], &[5, 4], &[2, 3, 4]),
            (&[2, 3, 5], &[2, 5, 4], &[2, 3, 4]),
            (&[2, 2, 3, 1], &[2, 2, 1, 17], &[2, 2, 3, 17]),
        ];
        for (left, right, out) in shapes {
            let (left, right) = (Shape::new(left), Shape::new(right));
            let (a, b) = (values(left.len(), 1), values(right.len(), 2));
            let (n, _) = Sizes::of(left, right).unwrap();
            let plain = |a: &[f64], b: &[f64]| reference::forward(a, b, n.batch, (n.m, n.k, n.n));
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from_vec(left, to_f32(&a)).unwrap());
            let w = tape.input(Tensor::from_vec(right, to_f32(&b)).unwrap());
            let y = matmul(&mut tape, v, w).unwrap();
            assert_eq!(tape.shape(y).dims(), out);
            let want = plain(&a, &b);
            assert_close(&to_f64(tape.value(y).data()), &want, 1e-5, "y");
            let c = values(want.len(), 3);
            let seed = Tensor::from_vec(tape.shape(y), to_f32(&c)).unwrap();
            let back = tape.backward(&[(y, seed)]).unwrap();
            let (da, db) = reference::backward(&a, &b, &c, n.batch, (n.m, n.k, n.n));
            assert_close(&to_f64(back.grad(v).unwrap().data()), &da, 1e-5, "da");
            assert_close(&to_f64(back.grad(w).unwrap().data()), &db, 1e-5, "db");
            let sum = |y: Vec<f64>| y.iter().zip(&c).map(|(y, c)| y * c).sum::<f64>();
            let differences = finite_differences(|a| sum(plain(a, &b)), &a);
            assert_close(&da, &differences, 1e-6, "reference da");
            let differences = finite_differences(|b| sum(plain(&a, b)), &b);
            assert_close(&db, &differences, 1e-6, "reference db");
        }
    }

    #[test]
    fn matrices_that_do_not_fit_are_refused() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let mut refused = |a: &[usize], b: &[usize]| {
            let a = tape.input(Tensor::zeros(a));
            let b = tape.input(Tensor::zeros(b));
            matmul(&mut tape, a, b).unwrap_err().to_string()
        };
        assert_eq!(refused(&[2, 3], &[2, 3]), "matmul: shapes [2, 3] and [2, 3] do not fit");
        refused(&[3], &[3, 2]);
        refused(&[2, 4, 3], &[3, 3, 2]);
        refused(&[4, 3], &[2, 3, 2]);
    }
}
