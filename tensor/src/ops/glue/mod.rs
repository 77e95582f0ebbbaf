//! Small operations between the large ones.

mod opencl;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::simd::math;
use crate::tensor::Tensor;

/// tanh, element by element. PyTorch: `torch.tanh`.
pub fn tanh(tape: &mut Tape<'_>, x: Var) -> Var {
    let y = match tape.opencl() {
        // A device that fails keeps why, and the backward pass says it.
        Some(device) => {
            opencl::tanh(device, tape.value(x)).unwrap_or_else(|_| tape.value(x).clone())
        }
        None => {
            let mut y = tape.value(x).copy();
            math::tanh_slice(y.data_mut());
            y
        }
    };
    let y = tape.output(y);
    tape.record(Tanh { x, y });
    y
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

/// Values side by side in the innermost dimension. PyTorch: `torch.cat(parts, -1)`.
///
/// # Errors
/// No part, or parts of different outer dimensions.
pub fn concat(tape: &mut Tape<'_>, parts: &[Var]) -> Result<Var> {
    let Some(&first) = parts.first() else {
        return Err(Error::argument("concat", "nothing to put side by side"));
    };
    let shape = tape.shape(first);
    let rows = shape.rows();
    for &p in parts {
        if tape.shape(p).with_width(1) != shape.with_width(1) {
            return Err(Error::shapes("concat", shape, tape.shape(p)));
        }
    }
    let widths: PooledVec<usize> = parts.iter().map(|&p| tape.shape(p).width()).collect();
    let width = widths.iter().sum();
    if let Some(device) = tape.opencl() {
        let values: Vec<&Tensor> = parts.iter().map(|&p| tape.value(p)).collect();
        let y = tape.output(opencl::concat(device, &values, shape.with_width(width))?);
        tape.record(Concat { parts: parts.into(), y });
        return Ok(y);
    }
    let mut y = Tensor::uninit(shape.with_width(width));
    let mut column = 0;
    for (&p, &w) in parts.iter().zip(&widths) {
        let from = tape.value(p).data();
        let to = y.data_mut();
        for r in 0..rows {
            to[r * width + column..][..w].copy_from_slice(&from[r * w..][..w]);
        }
        column += w;
    }
    let y = tape.output(y);
    tape.record(Concat { parts: parts.into(), y });
    Ok(y)
}

struct Concat {
    parts: PooledVec<Var>,
    y: Var,
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.y) else { return Ok(()) };
        let (rows, width) = (d.shape().rows(), d.shape().width());
        let mut column = 0;
        for &p in &self.parts {
            let shape = back.value(p).shape();
            let w = shape.width();
            if let Some(device) = back.opencl().filter(|_| back.requires_grad(p)) {
                back.add(p, opencl::columns(device, &d, column, shape)?)?;
            } else if back.requires_grad(p) {
                let mut part = Tensor::uninit(shape);
                let to = part.data_mut();
                for r in 0..rows {
                    to[r * w..][..w].copy_from_slice(&d.data()[r * width + column..][..w]);
                }
                back.add(p, part)?;
            }
            column += w;
        }
        Ok(())
    }
}

/// Values of one shape as entries of a new outermost dimension. PyTorch: `torch.stack(parts)`.
///
/// # Errors
/// No part, or parts of different shapes.
pub fn stack(tape: &mut Tape<'_>, parts: &[Var]) -> Result<Var> {
    let Some(&first) = parts.first() else {
        return Err(Error::argument("stack", "nothing to stack"));
    };
    let shape = tape.shape(first);
    let dims = shape.times(parts.len());
    if let Some(&p) = parts.iter().find(|&&p| tape.shape(p) != shape) {
        return Err(Error::shapes("stack", shape, tape.shape(p)));
    }
    let y = match tape.opencl() {
        Some(device) => {
            let values: Vec<Tensor> = parts.iter().map(|&p| tape.value(p).clone()).collect();
            opencl::stack(device, &values, dims)?
        }
        None => {
            let mut y = Tensor::uninit(dims);
            for (to, &p) in y.data_mut().chunks_exact_mut(shape.len().max(1)).zip(parts) {
                to.copy_from_slice(tape.value(p).data());
            }
            y
        }
    };
    let y = tape.output(y);
    tape.record(Stack { parts: parts.into(), y });
    Ok(y)
}

struct Stack {
    parts: PooledVec<Var>,
    y: Var,
}

impl Op for Stack {
    fn name(&self) -> &'static str {
        "stack"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.y) else { return Ok(()) };
        for (i, &p) in self.parts.iter().enumerate() {
            back.add(p, d.index(i))?;
        }
        Ok(())
    }
}

/// The sum of values of one shape, times a number: `factor` (x_0 + x_1 + ...).
///
/// # Errors
/// No part, or parts of different numbers of elements.
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
    let mut y = tape.value(first).copy();
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
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
    use ndarray::array;

    #[test]
    fn gradients_flow_through_parts_and_stacks() {
        let x = values(12, 1);
        let cotangent = values(12, 2);
        // stack(tanh(x[0]), tanh(x[1])) side by side with x, then summed with weights.
        let loss = |x: &[f64]| -> f64 {
            (0..12).map(|i| cotangent[i] * x[i].tanh() + 2.0 * cotangent[i] * x[i]).sum()
        };
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let v = tape.input(Tensor::from_vec([2, 3, 2], to_f32(&x)).unwrap());
        let (a, b) = (tape.index(v, 0), tape.index(v, 1));
        let (a, b) = (tanh(&mut tape, a), tanh(&mut tape, b));
        let s = stack(&mut tape, &[a, b]).unwrap();
        let y = concat(&mut tape, &[s, v]).unwrap();
        assert_eq!(tape.shape(y).dims(), [2, 3, 4]);
        let mut seed = Vec::new();
        for pair in to_f32(&cotangent).chunks(2) {
            seed.extend([pair[0], pair[1], 2.0 * pair[0], 2.0 * pair[1]]);
        }
        let back = tape.backward(&[(y, Tensor::from_vec([2, 3, 4], seed).unwrap())]).unwrap();
        let want = finite_differences(loss, &x);
        assert_close(&to_f64(back.grad(v).unwrap().data()), &want, 1e-4, "dx");
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

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let a = tape.input(Tensor::from(array![[1.0, 2.0]]));
        let b = tape.input(Tensor::zeros([2, 2]));
        assert!(concat(&mut tape, &[a, b]).is_err());
        assert!(stack(&mut tape, &[a, b]).is_err());
        assert!(sum(&mut tape, &[a, b], 1.0).is_err() && sum(&mut tape, &[], 1.0).is_err());
        assert!(concat(&mut tape, &[]).is_err() && stack(&mut tape, &[]).is_err());
    }
}
