//! Addition, subtraction, multiplication and division of two values, element by element.

mod arithmetic;
mod broadcast;
mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::Result;
use crate::opencl::OpenCl;
use crate::ops::reduce::{Middle, sums};
use crate::shape::Shape;
use crate::tensor::Tensor;
use arithmetic::{Arithmetic, Operand};
use broadcast::{Broadcast, aligned};

macro_rules! operations {
    ($($name:ident, $operation:ident, $sign:literal, $y:literal;)*) => {$(
        #[doc = concat!("Computes y = a ", $sign, " b element by element, with broadcasting.

| value | shape |
|---|---|
| a, b | any two that agree dimension by dimension, from the innermost one on; a dimension of size 1, or one that is missing, is repeated |
| y | the larger size of each dimension |

# Errors
The shapes do not agree; the device failed.

PyTorch: `a ", $sign, " b`.

```
use tensor::{Params, Tape, Tensor, ops};

let params = Params::new();
let mut tape = Tape::new(&params);
let a = tape.input(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
let b = tape.input(Tensor::from([2.0, 4.0])); // repeated for both rows
let y = ops::", stringify!($name), "(&mut tape, a, b)?;
assert_eq!(tape.value(y).data(), ", $y, ");
# Ok::<(), tensor::Error>(())
```")]
        pub fn $name(tape: &mut Tape<'_>, a: Var, b: Var) -> Result<Var> {
            binary(tape, a, b, Arithmetic::$operation)
        }
    )*};
}

operations! {
    add, Add, "+", "[3.0, 6.0, 5.0, 8.0]";
    sub, Sub, "-", "[-1.0, -2.0, 1.0, 0.0]";
    mul, Mul, "*", "[2.0, 8.0, 6.0, 16.0]";
    div, Div, "/", "[0.5, 0.5, 1.5, 1.0]";
}

fn binary(tape: &mut Tape<'_>, a: Var, b: Var, operation: Arithmetic) -> Result<Var> {
    let how = Broadcast::new(operation.name(), tape.shape(a), tape.shape(b))?;
    let y = match tape.opencl() {
        Some(device) => opencl::forward(device, operation, &how, tape.value(a), tape.value(b))?,
        None => {
            let (a, b) = (tape.value(a).data(), tape.value(b).data());
            match operation {
                Arithmetic::Add => over(&how, a, b, |a, b| a + b),
                Arithmetic::Sub => over(&how, a, b, |a, b| a - b),
                Arithmetic::Mul => over(&how, a, b, |a, b| a * b),
                Arithmetic::Div => over(&how, a, b, |a, b| a / b),
            }
        }
    };
    let y = tape.output(y);
    tape.record(Binary { operation, how, a, b, y });
    Ok(y)
}

/// Returns f(a, b) in the common shape.
fn over(how: &Broadcast, a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> Tensor {
    let mut y = Tensor::uninit(how.shape);
    let to = y.data_mut();
    if how.is_same {
        to.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = f(a, b));
        return y;
    }
    let width = how.dims[3];
    let (a_step, b_step) = (how.strides[0][3], how.strides[1][3]);
    how.rows(|at, a_at, b_at| {
        let to = to[at..][..width].iter_mut();
        match (a_step, b_step) {
            (1, 1) => {
                let pairs = a[a_at..][..width].iter().zip(&b[b_at..][..width]);
                to.zip(pairs).for_each(|(y, (&a, &b))| *y = f(a, b));
            }
            (1, _) => to.zip(&a[a_at..][..width]).for_each(|(y, &a)| *y = f(a, b[b_at])),
            (_, 1) => to.zip(&b[b_at..][..width]).for_each(|(y, &b)| *y = f(a[a_at], b)),
            _ => to.for_each(|y| *y = f(a[a_at], b[b_at])),
        }
    });
    y
}

struct Binary {
    operation: Arithmetic,
    how: Broadcast,
    a: Var,
    b: Var,
    y: Var,
}

impl Binary {
    /// Returns the gradient of an operand in the common shape.
    fn gradient(&self, back: &Backward<'_>, dy: &Tensor, operand: Operand) -> Result<Tensor> {
        let (a, b) = (back.value(self.a), back.value(self.b));
        let is_dy = match self.operation {
            Arithmetic::Add => true,
            Arithmetic::Sub => operand == Operand::Left,
            _ => false,
        };
        if is_dy {
            return Ok(dy.clone());
        }
        if let Some(device) = back.opencl() {
            return opencl::backward(device, self.operation, operand, &self.how, (a, b), dy);
        }
        let (a, b) = (a.data(), b.data());
        let mut d = match (self.operation, operand) {
            (Arithmetic::Mul, Operand::Left) => over(&self.how, a, b, |_, b| b),
            (Arithmetic::Mul, Operand::Right) => over(&self.how, a, b, |a, _| a),
            (Arithmetic::Div, Operand::Left) => over(&self.how, a, b, |_, b| 1.0 / b),
            (Arithmetic::Div, Operand::Right) => over(&self.how, a, b, |a, b| -a / (b * b)),
            (Arithmetic::Add | Arithmetic::Sub, _) => Tensor::full(self.how.shape, -1.0),
        };
        d.data_mut().iter_mut().zip(dy.data()).for_each(|(d, dy)| *d *= dy);
        Ok(d)
    }
}

impl Op for Binary {
    fn name(&self) -> &'static str {
        self.operation.name()
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        for (operand, v) in [(Operand::Left, self.a), (Operand::Right, self.b)] {
            if back.requires_grad(v) {
                let d = self.gradient(back, &dy, operand)?;
                let d = summed(back.opencl(), d, back.value(v).shape())?;
                back.add(v, d)?;
            }
        }
        Ok(())
    }
}

/// Sums a gradient in the common shape over the dimensions in which its operand was repeated.
fn summed(device: Option<&OpenCl>, d: Tensor, shape: Shape) -> Result<Tensor> {
    if d.shape() == shape {
        return Ok(d);
    }
    let (mut dims, want) = (aligned(d.shape()), aligned(shape));
    let mut d = d;
    let mut end = 4;
    while end > 0 {
        // Neighbouring dimensions are summed at once.
        let repeated = |i: usize| dims[i] != want[i];
        if !repeated(end - 1) {
            end -= 1;
            continue;
        }
        let start = (0..end).rev().take_while(|&i| repeated(i)).last().unwrap_or(end - 1);
        let product = |dims: &[usize]| dims.iter().product();
        let (outer, n) = (product(&dims[..start]), product(&dims[start..end]));
        let middle = Middle { outer, n, inner: product(&dims[end..]) };
        dims[start..end].fill(1);
        d = sums(device, &d, middle, 1.0, Shape::new(&dims))?;
        end = start;
    }
    d.reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

    type Operation = fn(&mut Tape<'_>, Var, Var) -> Result<Var>;
    type Plain = fn(f64, f64) -> f64;

    #[test]
    fn all_agree_with_plain_loops_and_finite_differences() {
        let operations: [(Operation, Plain); 4] =
            [(add, |a, b| a + b), (sub, |a, b| a - b), (mul, |a, b| a * b), (div, |a, b| a / b)];
        let shapes: [(&[usize], &[usize]); 9] = [
            (&[2, 3], &[2, 3]),
            (&[2, 3, 5], &[5]),
            (&[5], &[2, 3, 5]),
            (&[2, 3, 5], &[1]),
            (&[2, 3, 5], &[2, 3, 1]),
            (&[2, 3, 5], &[2, 1, 5]),
            (&[2, 1, 5], &[3, 1]),
            (&[2, 1, 3, 1], &[1, 4, 1, 5]),
            (&[1, 1], &[3]),
        ];
        for (operation, plain) in operations {
            for (left, right) in shapes {
                let (left, right) = (Shape::new(left), Shape::new(right));
                let a = values(left.len(), 1);
                // Away from zero, for the division.
                let b: Vec<f64> = values(right.len(), 2).iter().map(|b| b + b.signum()).collect();
                let (a, b) = (to_f64(&to_f32(&a)), to_f64(&to_f32(&b)));
                let params = Params::new();
                let mut tape = Tape::new(&params);
                let v = tape.input(Tensor::from_vec(left, to_f32(&a)).unwrap());
                let w = tape.input(Tensor::from_vec(right, to_f32(&b)).unwrap());
                let y = operation(&mut tape, v, w).unwrap();
                let out = |a: &[f64], b: &[f64]| {
                    reference::broadcast((a, left.dims()), (b, right.dims()), plain)
                };
                let want = out(&a, &b);
                let name = format!("{left} and {right}");
                assert_close(&to_f64(tape.value(y).data()), &want, 1e-6, &name);
                let c = values(want.len(), 3);
                let seed = Tensor::from_vec(tape.shape(y), to_f32(&c)).unwrap();
                let back = tape.backward(&[(y, seed)]).unwrap();
                let sum = |y: Vec<f64>| y.iter().zip(&c).map(|(y, c)| y * c).sum::<f64>();
                let da = finite_differences(|a| sum(out(a, &b)), &a);
                let db = finite_differences(|b| sum(out(&a, b)), &b);
                assert_close(&to_f64(back.grad(v).unwrap().data()), &da, 1e-5, &name);
                assert_close(&to_f64(back.grad(w).unwrap().data()), &db, 1e-5, &name);
            }
        }
    }

    #[test]
    fn a_value_combined_with_itself_gets_both_gradients() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::from(vec![3.0]));
        let y = mul(&mut tape, x, x).unwrap();
        let y = add(&mut tape, y, x).unwrap();
        let back = tape.backward(&[(y, Tensor::scalar(1.0))]).unwrap();
        assert_eq!(back.grad(x).unwrap().data(), [7.0]);
    }
}
