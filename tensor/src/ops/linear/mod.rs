//! A linear map of the innermost dimension.

mod argmax;
mod opencl;
pub mod reference;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use argmax::linear_argmax;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::{Error, Result};
use crate::gemm::{Rows, Side, SumStart, matmul};
use crate::params::ParamId;
use crate::tensor::Tensor;

/// Applies a linear map to the innermost dimension.
///
/// y = x W^T + b
///
/// | value | shape |
/// |---|---|
/// | x | \[..., I\] |
/// | W | \[O, I\] |
/// | b | \[O\] |
/// | y | \[..., O\] |
///
/// # Errors
/// The shapes do not fit.
///
/// PyTorch: `torch.nn.functional.linear(x, W, b)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::from(array![[1.0, 2.0], [0.0, 1.0]]))?;
/// let b = params.add("b", Tensor::from(vec![10.0, 20.0]))?;
/// let mut tape = Tape::new(&params);
/// let x = tape.constant(Tensor::from(array![[1.0, 1.0]]));
/// let y = ops::linear(&mut tape, x, w, Some(b))?;
/// assert_eq!(tape.value(y).data(), [13.0, 21.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn linear(tape: &mut Tape<'_>, x: Var, w: ParamId, b: Option<ParamId>) -> Result<Var> {
    let inputs = tape.params().shape(w).width();
    linear_columns(tape, x, w, 0..inputs, b)
}

/// Applies [`linear`] with a range of the weight's columns: the map of one of several inputs whose
/// concatenation PyTorch multiplies by the weight.
///
/// # Errors
/// The shapes do not fit.
pub fn linear_columns(
    tape: &mut Tape<'_>,
    x: Var,
    w: ParamId,
    columns: Range<usize>,
    b: Option<ParamId>,
) -> Result<Var> {
    block(tape, x, w, None, columns, b.map(|b| (b, None)))
}

/// Applies [`linear`] with a range of the weight's rows and of the bias's elements: one of several
/// maps that PyTorch stores in one parameter.
///
/// # Errors
/// The shapes do not fit.
pub fn linear_rows(
    tape: &mut Tape<'_>,
    x: Var,
    w: ParamId,
    rows: Range<usize>,
    b: Option<(ParamId, Range<usize>)>,
) -> Result<Var> {
    let weight = tape.params().shape(w);
    let rows = Some(rows).filter(|r| *r != (0..weight.rows()));
    block(tape, x, w, rows, 0..weight.width(), b.map(|(b, elements)| (b, Some(elements))))
}

/// Applies the map of a block of the weight; rows and elements of `None` mean all of them.
fn block(
    tape: &mut Tape<'_>,
    x: Var,
    w: ParamId,
    rows: Option<Range<usize>>,
    columns: Range<usize>,
    b: Option<BiasElements>,
) -> Result<Var> {
    let shape = tape.shape(x);
    let taken = rows.clone().unwrap_or(0..tape.params().shape(w).rows());
    let bias = check(tape, x, w, &taken, &columns, b.clone())?;
    if let Some(device) = tape.opencl() {
        let bias = bias.map(|(b, elements)| b.flat(elements.start, elements.len()));
        let (w_all, block) = (tape.params().get(w), (taken, columns.clone()));
        let y = opencl::forward(device, tape.value(x), w_all, block, bias.as_ref())?;
        let y = tape.output(y);
        tape.record(Linear { x, y, w, b, rows, columns });
        return Ok(y);
    }
    let init = bias.map_or(SumStart::Zero, |(b, elements)| SumStart::Bias(&b.data()[elements]));
    let threads = tape.threads().clone();
    let side = Side::Transposed;
    let outputs = taken.len();
    let packed = tape.params().packed_block(w, taken, columns.clone(), side, &threads);
    let mut y = Tensor::uninit(shape.with_width(outputs));
    let input = Rows::new(tape.value(x).data(), columns.len());
    matmul(&threads, input, &packed, y.data_mut(), init);
    let y = tape.output(y);
    tape.record(Linear { x, y, w, b, rows, columns });
    Ok(y)
}

/// The elements of a bias; `None` means all of them.
pub(super) type BiasElements = (ParamId, Option<Range<usize>>);

/// Checks the shapes of a map, and returns the values of its bias.
pub(super) fn check<'p>(
    tape: &Tape<'p>,
    x: Var,
    w: ParamId,
    rows: &Range<usize>,
    columns: &Range<usize>,
    b: Option<BiasElements>,
) -> Result<Option<(&'p Tensor, Range<usize>)>> {
    let (shape, weight) = (tape.shape(x), tape.params().shape(w));
    let fits = weight.rank() == 2
        && columns.end <= weight.width()
        && rows.end <= weight.rows()
        && shape.width() == columns.len();
    if !fits {
        return Err(Error::shapes("linear", shape, weight));
    }
    let Some((b, elements)) = b else { return Ok(None) };
    let b = tape.params().get(b);
    let elements = elements.unwrap_or(0..b.len());
    if elements.end > b.len() || elements.len() != rows.len() {
        return Err(Error::shapes("linear bias", b.shape(), [rows.len()]));
    }
    Ok(Some((b, elements)))
}

struct Linear {
    x: Var,
    y: Var,
    w: ParamId,
    b: Option<BiasElements>,
    rows: Option<Range<usize>>,
    columns: Range<usize>,
}

impl Op for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dy) = back.take(self.y) else { return Ok(()) };
        let (x, outputs) = (back.value(self.x).clone(), dy.shape().width());
        if let Some(device) = back.opencl().filter(|_| back.requires_grad(self.x)) {
            let rows = self.rows.clone().unwrap_or(0..outputs);
            let block = (rows, self.columns.clone());
            let dx = opencl::backward(device, &dy, back.param(self.w), block)?;
            back.add(self.x, dx.shaped(x.shape()))?;
        } else if back.requires_grad(self.x) {
            let threads = back.threads().clone();
            let rows = self.rows.clone().unwrap_or(0..outputs);
            let (columns, side) = (self.columns.clone(), Side::Plain);
            let packed = back.params().packed_block(self.w, rows, columns, side, &threads);
            let mut dx = Tensor::uninit(x.shape());
            let input = Rows::new(dy.data(), outputs);
            matmul(&threads, input, &packed, dx.data_mut(), SumStart::Zero);
            back.add(self.x, dx)?;
        }
        match self.b {
            Some((b, None)) => back.gradients.defer_sum(b, dy.clone(), 0..outputs),
            Some((b, Some(elements))) => back.gradients.defer_sum_of(b, elements, dy.clone()),
            None => {}
        }
        match self.rows {
            Some(rows) => {
                let (all, dy_columns) = (0..x.shape().width(), 0..dy.shape().width());
                back.gradients.defer_rows(self.w, rows, all, x, dy, dy_columns);
            }
            None => back.gradients.defer(self.w, self.columns, x, dy, 0..outputs),
        }
        Ok(())
    }
}
