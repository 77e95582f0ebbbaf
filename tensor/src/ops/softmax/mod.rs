//! Softmax of the innermost dimension, and its logarithm.

mod form;
mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::Result;
use crate::ops::cross_entropy::{exp_of_difference, largest};
use crate::simd::{Kernel, Simd, dispatch};
use form::Form;

/// Computes the softmax of the innermost dimension.
///
/// y_i = e^x_i / sum over j of e^x_j
///
/// | value | shape |
/// |---|---|
/// | x | \[..., V\] |
/// | y | \[..., V\] |
///
/// # Errors
/// The device failed.
///
/// PyTorch: `torch.softmax(x, -1)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[0.0, 0.0], [1000.0, 0.0]]));
/// let y = ops::softmax(&mut tape, x)?;
/// assert_eq!(tape.value(y).data(), [0.5, 0.5, 1.0, 0.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn softmax(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    apply(tape, x, Form::Softmax)
}

/// Computes the logarithm of the softmax of the innermost dimension, exact where the softmax is too
/// small for a number.
///
/// y_i = x_i - ln(sum over j of e^x_j)
///
/// The shapes are those of [`softmax`](fn@softmax).
///
/// # Errors
/// The device failed.
///
/// PyTorch: `torch.log_softmax(x, -1)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[0.0, 1000.0]]));
/// let y = ops::log_softmax(&mut tape, x)?;
/// assert_eq!(tape.value(y).data(), [-1000.0, 0.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn log_softmax(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    apply(tape, x, Form::LogSoftmax)
}

fn apply(tape: &mut Tape<'_>, x: Var, form: Form) -> Result<Var> {
    let y = match tape.opencl() {
        Some(device) => opencl::forward(device, form, tape.value(x))?,
        None => {
            let mut y = tape.value(x).copy()?;
            let width = y.shape().width();
            match form {
                Form::Softmax => dispatch(SoftmaxForward { rows: y.data_mut(), width }),
                Form::LogSoftmax => {
                    // The exponentials are needed for their sum only.
                    let mut row = y.copy()?;
                    let uninit = row.data_mut();
                    dispatch(LogSoftmaxForward { rows: y.data_mut(), width, uninit });
                }
            }
            y
        }
    };
    let y = tape.output(y);
    tape.record(Softmax { form, x, y });
    Ok(y)
}

struct SoftmaxForward<'a> {
    rows: &'a mut [f32],
    width: usize,
}

impl Kernel for SoftmaxForward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in self.rows.chunks_exact_mut(self.width.max(1)) {
            let most = largest(s, row);
            let total = exp_of_difference(s, row, most);
            row.iter_mut().for_each(|v| *v /= total);
        }
    }
}

struct LogSoftmaxForward<'a> {
    rows: &'a mut [f32],
    width: usize,
    /// A copy of the rows, which is overwritten.
    uninit: &'a mut [f32],
}

impl Kernel for LogSoftmaxForward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.width.max(1);
        let copies = self.uninit.chunks_exact_mut(width);
        for (row, copy) in self.rows.chunks_exact_mut(width).zip(copies) {
            let most = largest(s, copy);
            let log_total = exp_of_difference(s, copy, most).ln();
            row.iter_mut().for_each(|v| *v = *v - most - log_total);
        }
    }
}

struct Softmax {
    form: Form,
    x: Var,
    y: Var,
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        match self.form {
            Form::Softmax => "softmax",
            Form::LogSoftmax => "log_softmax",
        }
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut d) = back.take(self.y) else { return Ok(()) };
        if let Some(device) = back.opencl() {
            opencl::backward(device, self.form, back.value(self.y), &mut d)?;
            return back.add(self.x, d);
        }
        let y = back.value(self.y);
        let width = y.shape().width().max(1);
        for (d, y) in d.data_mut().chunks_exact_mut(width).zip(y.data().chunks_exact(width)) {
            match self.form {
                Form::Softmax => {
                    let total: f32 = d.iter().zip(y).map(|(d, y)| d * y).sum();
                    d.iter_mut().zip(y).for_each(|(d, y)| *d = y * (*d - total));
                }
                Form::LogSoftmax => {
                    let total: f32 = d.iter().sum();
                    d.iter_mut().zip(y).for_each(|(d, y)| *d -= y.exp() * total);
                }
            }
        }
        back.add(self.x, d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
    use crate::{Params, Tensor};

    #[test]
    fn both_agree_with_plain_loops_and_finite_differences() {
        for (rows, width) in [(1, 1), (3, 7), (2, 33)] {
            let (x, c) = (values(rows * width, 1), values(rows * width, 2));
            let x: Vec<f64> = to_f64(&to_f32(&x)).iter().map(|x| 4.0 * x).collect();
            for form in [Form::Softmax, Form::LogSoftmax] {
                let plain = |x: &[f64]| match form {
                    Form::Softmax => reference::softmax(x, width),
                    Form::LogSoftmax => reference::log_softmax(x, width),
                };
                let params = Params::new();
                let mut tape = Tape::new(&params);
                let v = tape.input(Tensor::from_vec([rows, width], to_f32(&x)).unwrap());
                let y = apply(&mut tape, v, form).unwrap();
                let want = plain(&x);
                assert_close(&to_f64(tape.value(y).data()), &want, 1e-6, "y");
                let seed = Tensor::from_vec([rows, width], to_f32(&c)).unwrap();
                let back = tape.backward(&[(y, seed)]).unwrap();
                let dx = match form {
                    Form::Softmax => reference::softmax_backward(&want, &c, width),
                    Form::LogSoftmax => reference::log_softmax_backward(&want, &c, width),
                };
                assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-5, "dx");
                let loss = |x: &[f64]| plain(x).iter().zip(&c).map(|(y, c)| y * c).sum();
                assert_close(&dx, &finite_differences(loss, &x), 1e-6, "reference dx");
            }
        }
    }
}
