//! Squared error of numeric predictions.

mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::{Error, Result};
use crate::tensor::DeferredScalar;
use crate::tensor::Tensor;

/// A squared error and its unweighted sum.
#[derive(Debug, Clone)]
pub struct SquaredErrorResult {
    /// The weighted loss, one element.
    pub loss: Var,
    /// Sum of (y - t)^2, without the weight.
    pub sum: DeferredScalar,
    /// Number of predictions that differ from their target by less than `near`.
    pub correct: DeferredScalar,
}

/// Computes the squared error of predictions and target numbers.
///
/// loss = weight * sum (y - t)^2
///
/// Predictions that differ from their target by less than `near` are counted as correct.
///
/// | value | shape |
/// |---|---|
/// | y | \[...\] |
/// | targets | one per element of y |
/// | loss | \[1\] |
///
/// # Errors
/// The number of targets differs from the number of predictions.
///
/// PyTorch: `F.mse_loss(y, targets, reduction="sum") * weight`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let y = tape.input(Tensor::from(vec![1.0, 3.0]));
/// let result = ops::squared_error(&mut tape, y, &[0.0, 1.0], 0.5, 1.5)?;
/// assert_eq!((result.sum.get()?, tape.value(result.loss).data()), (5.0, &[2.5][..]));
/// assert_eq!(result.correct.get()?, 1.0);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn squared_error(
    tape: &mut Tape<'_>,
    y: Var,
    targets: &[f32],
    weight: f32,
    near: f32,
) -> Result<SquaredErrorResult> {
    let shape = tape.shape(y);
    if shape.len() != targets.len() {
        return Err(Error::shapes("squared_error", shape, [targets.len()]));
    }
    if let Some(device) = tape.opencl() {
        let (gradient, sums) = opencl::forward(device, tape.value(y), targets, weight, near)?;
        let loss = tape.output(sums.flat(0, 1));
        tape.record(SquaredError { y, loss, gradient });
        let (sum, correct) =
            (DeferredScalar::on_device(&sums, 1), DeferredScalar::on_device(&sums, 2));
        return Ok(SquaredErrorResult { loss, sum, correct });
    }
    let mut gradient = tape.value(y).copy()?;
    let (mut sum, mut correct) = (0.0, 0);
    for (d, target) in gradient.data_mut().iter_mut().zip(targets) {
        let off = *d - target;
        sum += f64::from(off) * f64::from(off);
        correct += u32::from(off.abs() < near);
        *d = 2.0 * weight * off;
    }
    let loss = tape.output(Tensor::scalar((f64::from(weight) * sum) as f32));
    tape.record(SquaredError { y, loss, gradient });
    Ok(SquaredErrorResult { loss, sum: sum.into(), correct: f64::from(correct).into() })
}

struct SquaredError {
    y: Var,
    loss: Var,
    gradient: Tensor,
}

impl Op for SquaredError {
    fn name(&self) -> &'static str {
        "squared_error"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.loss) else { return Ok(()) };
        let d = d.data().first().copied().unwrap_or(0.0);
        let mut gradient = self.gradient;
        match back.opencl() {
            _ if d == 1.0 => {}
            Some(device) => device.scale(&mut gradient, d)?,
            None => crate::cpu::elementwise::scale(gradient.data_mut(), d),
        }
        back.add(self.y, gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

    #[test]
    fn loss_and_gradient_agree_with_plain_loops_and_finite_differences() {
        for n in [1, 7, 33] {
            let (y, t) = (values(n, 1), values(n, 2));
            let loss = |y: &[f64]| reference::forward(y, &t, 0.3);
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from(to_f32(&y)));
            let result = squared_error(&mut tape, v, &to_f32(&t), 0.3, 0.5).unwrap();
            assert_close(&[0.3 * result.sum.get().unwrap()], &[loss(&y)], 1e-5, "sum");
            let near = y.iter().zip(&t).filter(|(y, t)| (*y - *t).abs() < 0.5).count();
            assert_eq!(result.correct.get().unwrap(), near as f64);
            assert_close(&to_f64(tape.value(result.loss).data()), &[loss(&y)], 1e-5, "loss");
            let back = tape.backward(&[(result.loss, Tensor::scalar(2.0))]).unwrap();
            let want: Vec<f64> = finite_differences(loss, &y).iter().map(|d| 2.0 * d).collect();
            let plain = reference::backward(&y, &t, 0.3, 2.0);
            assert_close(&plain, &want, 1e-6, "reference dy");
            assert_close(&to_f64(back.grad(v).unwrap().data()), &plain, 1e-5, "dy");
        }
    }

    #[test]
    fn another_number_of_targets_is_refused() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let y = tape.input(Tensor::zeros([3, 1]));
        assert!(squared_error(&mut tape, y, &[0.0; 2], 1.0, 0.1).is_err());
        assert!(squared_error(&mut tape, y, &[0.0; 3], 1.0, 0.1).is_ok());
    }
}
