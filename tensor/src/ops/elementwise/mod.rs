//! Elementwise operations: tanh and sums.

mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::simd::math;
use crate::tensor::Tensor;

/// Computes tanh elementwise. PyTorch: `torch.tanh`.
///
/// # Errors
/// The device failed.
pub fn tanh(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    let y = match tape.opencl() {
        Some(device) => opencl::tanh(device, tape.value(x))?,
        None => {
            let mut y = tape.value(x).copy()?;
            math::tanh_slice(y.data_mut());
            y
        }
    };
    let y = tape.output(y);
    tape.record(Tanh { x, y });
    Ok(y)
}

struct Tanh {
    x: Var,
    y: Var,
}

impl Op for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut d) = back.take(self.y) else { return Ok(()) };
        if let Some(device) = back.opencl() {
            opencl::tanh_back(device, back.value(self.y), &mut d)?;
            return back.add(self.x, d);
        }
        for (d, y) in d.data_mut().iter_mut().zip(back.value(self.y).data()) {
            *d *= 1.0 - y * y;
        }
        back.add(self.x, d)
    }
}

/// Computes the sum of values of one shape, times a number: `factor` (x_0 + x_1 + ...).
///
/// # Errors
/// There are no parts, or their numbers of elements differ.
pub fn sum(tape: &mut Tape<'_>, parts: &[Var], factor: f32) -> Result<Var> {
    let Some((&first, rest)) = parts.split_first() else {
        return Err(Error::argument("sum", "nothing to sum"));
    };
    let shape = tape.shape(first);
    if let Some(&p) = rest.iter().find(|&&p| tape.shape(p).len() != shape.len()) {
        return Err(Error::shapes("sum", shape, tape.shape(p)));
    }
    if let Some(device) = tape.opencl() {
        let values: Vec<&Tensor> = parts.iter().map(|&p| tape.value(p)).collect();
        let y = tape.output(opencl::sum(device, &values, factor)?);
        tape.record(Sum { parts: parts.into(), y, factor });
        return Ok(y);
    }
    let mut y = tape.value(first).copy()?;
    for &p in rest {
        kernels::add(y.data_mut(), tape.value(p).data());
    }
    if factor != 1.0 {
        kernels::scale(y.data_mut(), factor);
    }
    let y = tape.output(y);
    tape.record(Sum { parts: parts.into(), y, factor });
    Ok(y)
}

struct Sum {
    parts: PooledVec<Var>,
    y: Var,
    factor: f32,
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut d) = back.take(self.y) else { return Ok(()) };
        match back.opencl() {
            _ if self.factor == 1.0 => {}
            Some(device) => device.scale(&mut d, self.factor)?,
            None => kernels::scale(d.data_mut(), self.factor),
        }
        for &p in &self.parts {
            back.add(p, d.clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

    #[test]
    fn both_agree_with_plain_loops_and_finite_differences() {
        for n in [1, 7, 100] {
            let (x, z, c) = (values(n, 1), values(n, 2), values(n, 3));
            let out = |x: &[f64]| reference::sum(&[&reference::tanh(x), &z], 0.5);
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from(to_f32(&x)));
            let other = tape.constant(Tensor::from(to_f32(&z)));
            let y = tanh(&mut tape, v).unwrap();
            let s = sum(&mut tape, &[y, other], 0.5).unwrap();
            assert_close(&to_f64(tape.value(s).data()), &out(&x), 1e-6, "y");
            let back = tape.backward(&[(s, Tensor::from(to_f32(&c)))]).unwrap();
            let half: Vec<f64> = c.iter().map(|c| 0.5 * c).collect();
            let dx = reference::tanh_backward(&reference::tanh(&x), &half);
            assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-5, "dx");
            let loss = |x: &[f64]| out(x).iter().zip(&c).map(|(y, c)| y * c).sum();
            assert_close(&dx, &finite_differences(loss, &x), 1e-6, "reference dx");
        }
    }

    #[test]
    fn sums_pass_their_gradient_to_every_part() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let a = tape.input(Tensor::from(array![[1.0, 2.0]]));
        let b = tape.input(Tensor::from(array![[3.0, 5.0]]));
        let y = sum(&mut tape, &[a, b, a], 0.5).unwrap();
        assert_eq!(tape.value(y).data(), [2.5, 4.5]);
        let back = tape.backward(&[(y, Tensor::from(array![[2.0, 4.0]]))]).unwrap();
        assert_eq!(back.grad(a).unwrap().data(), [2.0, 4.0]);
        assert_eq!(back.grad(b).unwrap().data(), [1.0, 2.0]);
    }
}
