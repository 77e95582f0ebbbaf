//! Adds an operation from outside the crate and checks its gradient by finite differences.
//!
//! The operation is swish, y = x sigmoid(x) (Ramachandran et al. 2017).
//!
//! `cargo run -p tensor --example 04-own-operation`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use tensor::check::{assert_close, finite_differences, to_f64};
use tensor::{Backward, Op, Params, Result, Tape, Tensor, Var};

/// The forward part: computes, puts its output on the tape, records the backward pass.
fn swish(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    let mut y = tape.value(x).copy()?;
    y.data_mut().iter_mut().for_each(|v| *v *= sigmoid(*v));
    let y = tape.output(y);
    tape.record(Swish { x, y });
    Ok(y)
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The backward part. It keeps which values it met, not the values: those are on the tape.
struct Swish {
    x: Var,
    y: Var,
}

impl Op for Swish {
    fn name(&self) -> &'static str {
        "swish"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        // None where nothing that was requested depends on y.
        let Some(mut d) = back.take(self.y) else { return Ok(()) };
        let values = back.value(self.x).data().iter().zip(back.value(self.y).data());
        for (d, (x, y)) in d.data_mut().iter_mut().zip(values) {
            // dy/dx = y + sigmoid(x) (1 - y)
            *d *= y + sigmoid(*x) * (1.0 - y);
        }
        back.add(self.x, d)
    }
}

/// The same in plain f64, for finite differences: the sum of swish over all elements.
fn reference(x: &[f64]) -> f64 {
    x.iter().map(|x| x / (1.0 + (-x).exp())).sum()
}

fn main() -> Result<()> {
    let x = vec![-3.0, -1.0, -0.25, 0.0, 0.5, 2.0, 4.0];
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let input = tape.input(Tensor::from(x.clone()));
    let y = swish(&mut tape, input)?;
    let output = tape.value(y).clone();
    let back = tape.backward(&[(y, Tensor::full([x.len()], 1.0))])?;
    let gradient = back.grad(input).cloned().unwrap_or_else(|| Tensor::zeros([x.len()]));

    let differences = finite_differences(reference, &to_f64(&x));
    println!("{:>6} {:>9} {:>9} {:>12}", "x", "swish", "gradient", "differences");
    for (i, x) in x.iter().enumerate() {
        let (y, d) = (output.data()[i], gradient.data()[i]);
        println!("{x:>6} {y:>9.5} {d:>9.5} {:>12.5}", differences[i]);
    }
    assert_close(&to_f64(gradient.data()), &differences, 1e-5, "dx");
    println!("the gradient agrees with finite differences");
    Ok(())
}
