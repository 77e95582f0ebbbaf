//! Rows of a batch, selected by index.

mod opencl;
pub mod reference;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Selects entries of the second to last dimension, the batch: an entry may be selected many times
/// or not at all.
///
/// y\[..., i, :\] = x\[..., indices\[i\], :\]
///
/// | value | shape |
/// |---|---|
/// | x | \[..., B, W\] |
/// | indices | N numbers below B |
/// | y | \[..., N, W\] |
///
/// # Errors
/// A value of fewer than two dimensions, an index outside the batch, a failure of the device.
///
/// PyTorch: `torch.index_select(x, -2, indices)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from(array![[1.0, 2.0], [3.0, 4.0]]));
/// let y = ops::index_select(&mut tape, x, &[1, 1, 0])?;
/// assert_eq!(tape.value(y).data(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn index_select(tape: &mut Tape<'_>, x: Var, indices: &[usize]) -> Result<Var> {
    let shape = tape.shape(x);
    let selected = selected_shape(shape, indices)?;
    let y = match tape.opencl() {
        Some(device) => {
            opencl::forward(device, tape.value(x), indices, batch_of(shape).0, selected)?
        }
        None => {
            let mut y = Tensor::uninit(selected);
            let (batch, width) = batch_of(shape);
            let rows = tape.value(x).data();
            for (i, to) in y.data_mut().chunks_exact_mut(width.max(1)).enumerate() {
                let (outer, i) = (i / indices.len(), i % indices.len());
                to.copy_from_slice(&rows[(outer * batch + indices[i]) * width..][..width]);
            }
            y
        }
    };
    let y = tape.output(y);
    tape.record(IndexSelect { x, y, indices: indices.into() });
    Ok(y)
}

/// B and W.
fn batch_of(shape: Shape) -> (usize, usize) {
    (shape.dims().iter().rev().nth(1).copied().unwrap_or(0), shape.width())
}

/// The shape of the output.
fn selected_shape(shape: Shape, indices: &[usize]) -> Result<Shape> {
    let mut dims = PooledVec::from(shape.dims());
    let Some(at) = dims.len().checked_sub(2) else {
        let what = format!("a value of shape {shape} has no batch");
        return Err(Error::argument("index_select", what));
    };
    if let Some(&index) = indices.iter().find(|&&i| i >= dims[at]) {
        let what = format!("index {index}, expected less than {}", dims[at]);
        return Err(Error::argument("index_select", what));
    }
    dims[at] = indices.len();
    Ok(Shape::new(&dims))
}

struct IndexSelect {
    x: Var,
    y: Var,
    indices: PooledVec<usize>,
}

impl Op for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        let shape = back.value(self.x).shape();
        if let Some(device) = back.opencl() {
            let dx = opencl::backward(device, &dy, &self.indices, batch_of(shape).0, shape)?;
            return back.add(self.x, dx);
        }
        let (batch, width) = batch_of(shape);
        let Some(dx) = back.grad_mut(self.x) else { return Ok(()) };
        for (i, row) in dy.data().chunks_exact(width.max(1)).enumerate() {
            let (outer, i) = (i / self.indices.len(), i % self.indices.len());
            let to = &mut dx[(outer * batch + self.indices[i]) * width..][..width];
            to.iter_mut().zip(row).for_each(|(to, d)| *to += d);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;
    use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

    #[test]
    fn both_directions_agree_with_plain_loops_and_finite_differences() {
        let cases: [(&[usize], &[usize]); 4] = [
            (&[4, 3], &[2, 0, 2, 3, 3]),
            (&[2, 3, 5], &[1, 1, 1, 0]),
            (&[3, 1, 2], &[0, 0]),
            (&[2, 4, 1], &[3]),
        ];
        for (shape, indices) in cases {
            let batch = shape[shape.len() - 2];
            let outer: usize = shape[..shape.len() - 2].iter().product();
            let width = shape[shape.len() - 1];
            let x = values(outer * batch * width, 1);
            let cotangent = values(outer * indices.len() * width, 2);
            let params = Params::new();
            let mut tape = Tape::new(&params);
            let v = tape.input(Tensor::from_vec(shape, to_f32(&x)).unwrap());
            let y = index_select(&mut tape, v, indices).unwrap();
            let want = reference::forward(&x, indices, batch, width);
            assert_close(&to_f64(tape.value(y).data()), &want, 1e-6, "y");
            let seed = Tensor::from_vec(tape.shape(y), to_f32(&cotangent)).unwrap();
            let back = tape.backward(&[(y, seed)]).unwrap();
            let dx = reference::backward(&cotangent, indices, batch, width);
            assert_close(&to_f64(back.grad(v).unwrap().data()), &dx, 1e-6, "dx");
            let loss = |x: &[f64]| -> f64 {
                let y = reference::forward(x, indices, batch, width);
                y.iter().zip(&cotangent).map(|(y, c)| y * c).sum()
            };
            assert_close(&dx, &finite_differences(loss, &x), 1e-6, "reference dx");
        }
    }

    #[test]
    fn what_is_outside_the_batch_is_refused() {
        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::zeros([2, 3]));
        let error = index_select(&mut tape, x, &[0, 2]).unwrap_err().to_string();
        assert!(error.contains("index 2, expected less than 2"), "{error}");
        let flat = tape.input(Tensor::zeros([3]));
        assert!(index_select(&mut tape, flat, &[0]).is_err());
        let none = index_select(&mut tape, x, &[]).unwrap();
        assert!(tape.value(none).is_empty());
    }
}
