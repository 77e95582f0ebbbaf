//! Concatenation of values.

mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::ops::reduce::Middle;
use crate::tensor::Tensor;

/// Concatenates values along the innermost dimension. PyTorch: `torch.cat(parts, -1)`.
///
/// # Errors
/// There are no parts, or their outer dimensions differ.
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

/// Concatenates values along dimension `dim`.
///
/// | value | shape |
/// |---|---|
/// | parts | \[..., N_i, ...\] |
/// | y | \[..., sum of N_i, ...\] |
///
/// # Errors
/// There are no parts, they have no dimension `dim`, or another dimension differs.
///
/// PyTorch: `torch.cat(parts, dim)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let a = tape.input(Tensor::from([[1.0, 2.0]]));
/// let b = tape.input(Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
/// let y = ops::concat_dim(&mut tape, &[a, b], 0)?;
/// assert_eq!(tape.shape(y).dims(), [3, 2]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn concat_dim(tape: &mut Tape<'_>, parts: &[Var], dim: usize) -> Result<Var> {
    let Some(&first) = parts.first() else {
        return Err(Error::argument("concat", "nothing to concatenate"));
    };
    let shape = tape.shape(first);
    let outer: usize = Middle::of("concat", shape, dim)?.outer;
    let mut dims = PooledVec::from(shape.dims());
    dims[dim] = 0;
    // The same as the concatenation of the rows of matrices [outer, N_i inner].
    let mut rows: PooledVec<Var> = PooledVec::with_capacity(parts.len());
    for &p in parts {
        let other = tape.shape(p);
        let mut same = other.dims().len() == dims.len();
        for (i, (&mine, &theirs)) in shape.dims().iter().zip(other.dims()).enumerate() {
            same &= i == dim || mine == theirs;
        }
        if !same {
            return Err(Error::shapes("concat", shape, other));
        }
        dims[dim] += other.dims()[dim];
        rows.push(tape.reshape(p, [outer, other.len() / outer.max(1)])?);
    }
    let y = concat(tape, &rows)?;
    tape.reshape(y, &dims[..])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
    use crate::ops::{stack, sum, tanh};
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
        let (a, b) = (tanh(&mut tape, a).unwrap(), tanh(&mut tape, b).unwrap());
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
    fn both_directions_agree_with_plain_loops_and_finite_differences() {
        let (rows, widths) = (5, [3, 1, 4]);
        let parts: Vec<Vec<f64>> =
            widths.iter().zip(1..).map(|(w, seed)| values(rows * w, seed)).collect();
        let cotangent = values(rows * 8, 9);
        let loss = |parts: &[Vec<f64>]| -> f64 {
            let all: Vec<_> = parts.iter().map(Vec::as_slice).zip(widths).collect();
            reference::forward(&all, rows).iter().zip(&cotangent).map(|(y, c)| y * c).sum()
        };
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let tensor = |(v, w): (&Vec<f64>, usize)| Tensor::from_vec([rows, w], to_f32(v)).unwrap();
        let vars: Vec<Var> =
            parts.iter().zip(widths).map(|part| tape.input(tensor(part))).collect();
        let y = concat(&mut tape, &vars).unwrap();
        let all: Vec<_> = parts.iter().map(Vec::as_slice).zip(widths).collect();
        assert_close(&to_f64(tape.value(y).data()), &reference::forward(&all, rows), 1e-6, "y");
        let seed = Tensor::from_vec([rows, 8], to_f32(&cotangent)).unwrap();
        let back = tape.backward(&[(y, seed)]).unwrap();
        let want = reference::backward(&widths, &cotangent);
        for (i, var) in vars.iter().enumerate() {
            assert_close(&to_f64(back.grad(*var).unwrap().data()), &want[i], 1e-6, "dx");
            let of = |x: &[f64]| {
                let mut parts = parts.clone();
                parts[i] = x.to_vec();
                loss(&parts)
            };
            assert_close(&want[i], &finite_differences(of, &parts[i]), 1e-6, "reference dx");
        }
    }

    #[test]
    fn every_dimension_can_be_concatenated() {
        let (a, b) = (values(12, 1), values(24, 2));
        for (dim, other) in [(0, [4, 3, 2]), (1, [2, 6, 2]), (2, [2, 3, 4])] {
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from_vec([2, 3, 2], to_f32(&a)).unwrap());
            let w = tape.input(Tensor::from_vec(other, to_f32(&b)).unwrap());
            let y = concat_dim(&mut tape, &[v, w], dim).unwrap();
            let shape = tape.shape(y);
            assert_eq!(shape.dims()[dim], [2, 3, 2][dim] + other[dim]);
            // Slices of the result are the parts again, and so are those of the gradient.
            let n = [2, 3, 2][dim];
            let first = crate::ops::slice(&mut tape, y, dim, 0..n).unwrap();
            let rest = crate::ops::slice(&mut tape, y, dim, n..shape.dims()[dim]).unwrap();
            assert_eq!(tape.value(first).data(), to_f32(&a));
            assert_eq!(tape.value(rest).data(), to_f32(&b));
            let c = Tensor::from_vec(shape, to_f32(&values(36, 3))).unwrap();
            let mut other_tape = Tape::new(&params);
            let seed = other_tape.input(c.clone());
            let want = crate::ops::slice(&mut other_tape, seed, dim, 0..n).unwrap();
            let back = tape.backward(&[(y, c)]).unwrap();
            assert_eq!(back.grad(v).unwrap().data(), other_tape.value(want).data());
        }
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
        assert!(
            concat_dim(&mut tape, &[a, b], 1).is_err() && concat_dim(&mut tape, &[a], 2).is_err()
        );
        assert!(concat(&mut tape, &[]).is_err() && stack(&mut tape, &[]).is_err());
    }
}
