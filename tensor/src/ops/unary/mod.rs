//! Functions of one value, element by element.

mod function;
mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::Result;
use crate::tensor::Tensor;
use function::Function;

fn unary(tape: &mut Tape<'_>, x: Var, function: Function) -> Result<Var> {
    let y = match tape.opencl() {
        Some(device) => opencl::forward(device, function, tape.value(x))?,
        None => {
            let mut y = tape.value(x).copy()?;
            function.apply(y.data_mut());
            y
        }
    };
    let y = tape.output(y);
    tape.record(Unary { function, x, y });
    Ok(y)
}

struct Unary {
    function: Function,
    x: Var,
    y: Var,
}

impl Op for Unary {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut d) = back.take(self.y) else { return Ok(()) };
        let (x, y) = (back.value(self.x), back.value(self.y));
        match back.opencl() {
            Some(device) => opencl::backward(device, self.function, x, y, &mut d)?,
            None => self.function.differentiate(d.data_mut(), x.data(), y.data()),
        }
        back.add(self.x, d)
    }
}

macro_rules! functions {
    ($($name:ident, $function:ident, $equation:literal, $torch:literal, $x:literal => $y:literal;)*) => {$(
        #[doc = concat!("Computes ", $equation, " element by element.")]
        #[doc = concat!("
y has the shape of x.

# Errors
The device failed.

PyTorch: `", $torch, "`.

```
use tensor::{Params, Tape, Tensor, ops};

let params = Params::new();
let mut tape = Tape::new(&params);
let x = tape.input(Tensor::from(vec![", $x, "]));
let y = ops::", stringify!($name), "(&mut tape, x)?;
assert!((tape.value(y).data()[0] - ", $y, ").abs() < 1e-5);
# Ok::<(), tensor::Error>(())
```")]
        pub fn $name(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
            unary(tape, x, Function::$function)
        }
    )*};
}

functions! {
    relu, Relu, "y = max(x, 0), with the gradient 0 at 0,", "torch.relu(x)", "-2.0" => "0.0";
    sigmoid, Sigmoid, "y = 1 / (1 + e^-x)", "torch.sigmoid(x)", "0.0" => "0.5";
    exp, Exp, "y = e^x", "torch.exp(x)", "1.0" => "2.718_282";
    log, Log, "the natural logarithm, y = ln x,", "torch.log(x)", "1.0" => "0.0";
    sqrt, Sqrt, "y = x^(1/2)", "torch.sqrt(x)", "9.0" => "3.0";
    square, Square, "y = x^2", "torch.square(x)", "-3.0" => "9.0";
    abs, Abs, "y = |x|, with the gradient 0 at 0,", "torch.abs(x)", "-3.0" => "3.0";
}

/// Computes y = `factor` x + `summand` element by element.
///
/// y has the shape of x.
///
/// # Errors
/// The device failed.
///
/// PyTorch: `factor * x + summand`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from(vec![1.0, 3.0]));
/// let y = ops::affine(&mut tape, x, 2.0, -1.0)?;
/// assert_eq!(tape.value(y).data(), [1.0, 5.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn affine(tape: &mut Tape<'_>, x: Var, factor: f32, summand: f32) -> Result<Var> {
    let y = match tape.opencl() {
        Some(device) => opencl::affine(device, tape.value(x), factor, summand)?,
        None => {
            let mut y = tape.value(x).copy()?;
            y.data_mut().iter_mut().for_each(|v| *v = factor * *v + summand);
            y
        }
    };
    let y = tape.output(y);
    tape.record(Affine { x, y, factor });
    Ok(y)
}

struct Affine {
    x: Var,
    y: Var,
    factor: f32,
}

impl Op for Affine {
    fn name(&self) -> &'static str {
        "affine"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.y) else { return Ok(()) };
        let d = scaled(back, d, self.factor)?;
        back.add(self.x, d)
    }
}

/// Returns factor d.
pub(super) fn scaled(back: &Backward<'_>, mut d: Tensor, factor: f32) -> Result<Tensor> {
    match back.opencl() {
        _ if factor == 1.0 => {}
        Some(device) => device.scale(&mut d, factor)?,
        None => crate::cpu::elementwise::scale(d.data_mut(), factor),
    }
    Ok(d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

    type Operation = fn(&mut Tape<'_>, Var) -> Result<Var>;
    type Plain = fn(f64) -> f64;
    type Derivative = fn(f64, f64) -> f64;

    #[test]
    fn all_agree_with_plain_loops_and_finite_differences() {
        let cases: [(Operation, Plain, Derivative); 8] = [
            (relu, reference::relu, reference::relu_derivative),
            (sigmoid, reference::sigmoid, reference::sigmoid_derivative),
            (exp, reference::exp, reference::exp_derivative),
            (log, reference::log, reference::log_derivative),
            (sqrt, reference::sqrt, reference::sqrt_derivative),
            (square, reference::square, reference::square_derivative),
            (abs, reference::abs, reference::abs_derivative),
            (|t, x| affine(t, x, -1.5, 0.25), |x| -1.5 * x + 0.25, |_, _| -1.5),
        ];
        for (i, (operation, plain, derivative)) in cases.into_iter().enumerate() {
            for n in [1, 7, 100] {
                let (mut x, c) = (values(n, 1), values(n, 2));
                if i == 3 || i == 4 {
                    // The logarithm and the root of positive numbers.
                    x.iter_mut().for_each(|x| *x = x.abs() + 0.125);
                }
                let params = Params::new();
                let mut tape = Tape::new(&params);
                let v = tape.input(Tensor::from(to_f32(&x)));
                let y = operation(&mut tape, v).unwrap();
                let x = to_f64(&to_f32(&x));
                let want: Vec<f64> = x.iter().map(|&x| plain(x)).collect();
                assert_close(&to_f64(tape.value(y).data()), &want, 1e-6, "y");
                let back = tape.backward(&[(y, Tensor::from(to_f32(&c)))]).unwrap();
                let dx: Vec<f64> =
                    x.iter().zip(&want).zip(&c).map(|((x, y), c)| c * derivative(*x, *y)).collect();
                assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-5, "dx");
                let loss = |x: &[f64]| x.iter().zip(&c).map(|(x, c)| c * plain(*x)).sum();
                assert_close(&dx, &finite_differences(loss, &x), 1e-6, "reference dx");
            }
        }
    }

    #[test]
    fn the_gradient_at_a_corner_is_zero() {
        for operation in [relu, abs] {
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from(vec![0.0, -0.0]));
            let y = operation(&mut tape, v).unwrap();
            let back = tape.backward(&[(y, Tensor::full([2], 1.0))]).unwrap();
            assert_eq!(back.grad(v).unwrap().data(), [0.0, 0.0]);
        }
    }
}
