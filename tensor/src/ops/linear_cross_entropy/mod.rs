//! Losses and probabilities of an output layer, without all of its logits at once.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::gemm::{Packed, Product, Rows, Side, SumStart, matmul, weight_gradient};
use crate::ops;
use crate::ops::cross_entropy::{CrossEntropy, CrossEntropyResult, Sums, add_up};
use crate::ops::linear::check;
use crate::params::ParamId;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Rows whose logits are computed together, if there are many: 256 rows use a packed weight well.
const BLOCK: usize = 256;

/// Computes the [`cross_entropy`](fn@ops::cross_entropy) of the result of an output layer.
///
/// loss = cross_entropy(x W^T + b, targets)
///
/// | value | shape |
/// |---|---|
/// | x | \[..., I\] |
/// | W | \[V, I\] |
/// | b | \[V\] |
/// | targets | one per row of x |
/// | loss | \[1\] |
///
/// On the processor rows that are ignored cost nothing: neither logits nor gradients are computed for
/// them. The logits and their gradient exist for at most I + 256 rows at a time; of more rows, blocks
/// of 256 are computed one after the other, forward and backward, and their products added to the
/// weight's gradient. On a device all logits are computed at once.
///
/// # Errors
/// Those of [`linear`](fn@ops::linear) and [`cross_entropy`](fn@ops::cross_entropy).
///
/// PyTorch: `F.cross_entropy(F.linear(x, W, b), targets, ignore_index=ignore, label_smoothing=e,
/// reduction="sum") * weight`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::from([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))?;
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from([[0.0, 0.0], [7.0, 7.0]]));
/// let how = ops::CrossEntropy { targets: &[1, 2], ignore: Some(2), smoothing: 0.0, weight: 1.0 };
/// let result = ops::linear_cross_entropy(&mut tape, x, w, None, how)?;
/// assert!((result.value.get()? - 3f64.ln()).abs() < 1e-6);
/// assert_eq!(result.count, 1);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn linear_cross_entropy(
    tape: &mut Tape<'_>,
    x: Var,
    w: ParamId,
    b: Option<ParamId>,
    how: CrossEntropy<'_>,
) -> Result<CrossEntropyResult> {
    how.check("linear_cross_entropy", tape.shape(x), tape.params().shape(w).rows())?;
    if tape.opencl().is_some() {
        let logits = ops::linear(tape, x, w, b)?;
        return ops::cross_entropy(tape, logits, how);
    }
    let layer = Layer::new(tape, x, w, b)?;
    let shape = tape.shape(x);
    let kept: PooledVec<usize> = how.counted().collect();
    let x_kept = rows_of(tape.value(x), &kept);
    let targets: PooledVec<u32> = kept.iter().map(|&row| how.targets[row]).collect();
    let how = CrossEntropy { targets: &targets, ignore: None, ..how };
    let plain = tape.requires_grad(x).then(|| packed(tape, w, Side::Plain));
    let rows = kept.len();
    // Of few rows the gradients of the logits are kept: the product of all threads' rows is quicker
    // than a sum of their products, and the rows take no more memory than the sum and a block.
    let block = if rows <= layer.inputs() + BLOCK { rows } else { BLOCK };
    let mut dx = Tensor::uninit([if plain.is_some() { rows } else { 0 }, layer.inputs()]);
    let mut sums = Sums::default();
    let (mut deferred, mut summed) = (None, None);
    for first in (0..rows).step_by(block.max(1)) {
        let x = x_kept.range(first, block.min(rows - first));
        let mut logits = layer.logits(tape, x.data());
        let how = CrossEntropy { targets: &targets[first..first + x.shape().rows()], ..how };
        sums.add(&add_up(logits.data_mut(), layer.classes(), how));
        if !tape.is_recording() {
            continue;
        }
        let (inputs, at) = (layer.inputs(), first * layer.inputs());
        let dy = Rows::new(logits.data(), layer.classes());
        if let Some(plain) = &plain {
            let dx = &mut dx.data_mut()[at..at + x.len()];
            matmul(tape.threads(), dy, plain, dx, SumStart::Zero);
        }
        if block == rows {
            deferred = Some((x, logits));
            continue;
        }
        let (dw, db) = summed.get_or_insert_with(|| {
            let params = tape.params();
            (Tensor::uninit(params.shape(w)), b.map(|b| Tensor::zeros(params.shape(b))))
        });
        let terms = [Product { dy, x: Rows::new(x.data(), inputs) }];
        weight_gradient(tape.threads(), &terms, dw.data_mut(), inputs, 0, first > 0);
        if let Some(db) = db {
            kernels::add_rows(db.data_mut(), logits.data(), layer.classes(), 0);
        }
    }
    let loss = tape.output(Tensor::scalar(sums.loss as f32));
    tape.record(LinearCrossEntropy { x, shape, w, b, loss, kept, dx, deferred, summed });
    Ok(sums.result(loss))
}

/// Returns the natural-log probability of one class per row of the result of an output layer, and
/// whether no class is more probable (the first of equals counts).
///
/// log p\[class\], p = softmax(x W^T + b)
///
/// | value | shape |
/// |---|---|
/// | x | \[..., I\] |
/// | W | \[V, I\] |
/// | b | \[V\] |
/// | classes | one per row of x |
///
/// Rows of class `ignore` have the result (0, false). On the processor nothing is computed for them,
/// and logits exist for at most 256 rows at a time.
///
/// # Errors
/// Those of [`linear`](fn@ops::linear) and [`log_probabilities`](ops::log_probabilities).
///
/// PyTorch: `F.log_softmax(F.linear(x, W, b), -1).gather(-1, classes)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::from([[1.0, 0.0], [0.0, 1.0]]))?;
/// let mut tape = Tape::inference(&params);
/// let x = tape.constant(Tensor::from([[0.0, 0.0], [9.0, 0.0]]));
/// let found = ops::linear_log_probabilities(&mut tape, x, w, None, &[1, 0], Some(0))?;
/// assert!((found[0].0 + 2f64.ln()).abs() < 1e-6 && !found[0].1);
/// assert_eq!(found[1], (0.0, false));
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn linear_log_probabilities(
    tape: &mut Tape<'_>,
    x: Var,
    w: ParamId,
    b: Option<ParamId>,
    classes: &[u32],
    ignore: Option<u32>,
) -> Result<Vec<(f64, bool)>> {
    let how = CrossEntropy { targets: classes, ignore, smoothing: 0.0, weight: 1.0 };
    let rows = tape.params().shape(w).rows();
    how.check("linear_log_probabilities", tape.shape(x), rows)?;
    let kept: PooledVec<usize> = how.counted().collect();
    let mut found = vec![(0.0, false); classes.len()];
    let mut keep = |kept: &[usize], logits: &Tensor| -> Result<()> {
        let classes: PooledVec<u32> = kept.iter().map(|&row| classes[row]).collect();
        let logp = ops::log_probabilities(logits, &classes)?;
        let best = ops::argmax(logits)?;
        for (i, &row) in kept.iter().enumerate().filter(|&(i, _)| ignore != Some(classes[i])) {
            found[row] = (logp[i], best[i].0 == classes[i]);
        }
        Ok(())
    };
    if tape.opencl().is_some() {
        let logits = ops::linear(tape, x, w, b)?;
        let all: PooledVec<usize> = (0..classes.len()).collect();
        keep(&all, &tape.take_value(logits))?;
        return Ok(found);
    }
    let layer = Layer::new(tape, x, w, b)?;
    for kept in kept.chunks(BLOCK) {
        let rows = rows_of(tape.value(x), kept);
        keep(kept, &layer.logits(tape, rows.data()))?;
    }
    Ok(found)
}

/// Returns rows of a value, which shares its memory if these are all of its rows.
fn rows_of(value: &Tensor, kept: &[usize]) -> Tensor {
    let (rows, width) = (value.shape().rows(), value.shape().width());
    if kept.len() == rows {
        return value.clone().shaped([rows, width].into());
    }
    let mut some = Tensor::uninit([kept.len(), width]);
    let data = value.data();
    for (to, &row) in some.data_mut().chunks_exact_mut(width.max(1)).zip(kept) {
        to.copy_from_slice(&data[row * width..][..width]);
    }
    some
}

/// Returns all of a weight, packed for products.
fn packed(tape: &Tape<'_>, w: ParamId, side: Side) -> Arc<Packed> {
    tape.params().packed(w, 0..tape.params().shape(w).width(), side, tape.threads())
}

/// An output layer that is ready for products.
struct Layer<'p> {
    packed: Arc<Packed>,
    bias: Option<&'p Tensor>,
}

impl<'p> Layer<'p> {
    fn new(tape: &Tape<'p>, x: Var, w: ParamId, b: Option<ParamId>) -> Result<Self> {
        let weight = tape.params().shape(w);
        let (rows, columns) = (0..weight.rows(), 0..weight.width());
        let bias = check(tape, x, w, &rows, &columns, b.map(|b| (b, None)))?;
        Ok(Self { packed: packed(tape, w, Side::Transposed), bias: bias.map(|(bias, _)| bias) })
    }

    fn classes(&self) -> usize {
        self.packed.width()
    }

    fn inputs(&self) -> usize {
        self.packed.depth()
    }

    fn logits(&self, tape: &Tape<'_>, x: &[f32]) -> Tensor {
        let x = Rows::new(x, self.inputs());
        let mut logits = Tensor::uninit([x.rows(), self.classes()]);
        let init = self.bias.map_or(SumStart::Zero, |bias| SumStart::Bias(bias.data()));
        matmul(tape.threads(), x, &self.packed, logits.data_mut(), init);
        logits
    }
}

struct LinearCrossEntropy {
    x: Var,
    shape: Shape,
    w: ParamId,
    b: Option<ParamId>,
    loss: Var,
    /// The rows that count.
    kept: PooledVec<usize>,
    /// Their gradient.
    dx: Tensor,
    /// Of few rows, the input and the gradient of the logits.
    deferred: Option<(Tensor, Tensor)>,
    /// Of many rows, the gradients of weight and bias.
    summed: Option<(Tensor, Option<Tensor>)>,
}

impl Op for LinearCrossEntropy {
    fn name(&self) -> &'static str {
        "linear_cross_entropy"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.loss) else { return Ok(()) };
        let d = d.data().first().copied().unwrap_or(0.0);
        let scaled = |mut gradient: Tensor| {
            if d != 1.0 {
                kernels::scale(gradient.data_mut(), d);
            }
            gradient
        };
        if back.requires_grad(self.x) {
            let (dx, shape) = (scaled(self.dx), self.shape);
            let dx = if self.kept.len() == shape.rows() {
                dx.shaped(shape)
            } else {
                let (mut all, width) = (Tensor::zeros(shape), shape.width());
                let into = all.data_mut();
                for (from, &row) in dx.data().chunks_exact(width.max(1)).zip(&self.kept) {
                    into[row * width..][..width].copy_from_slice(from);
                }
                all
            };
            back.add(self.x, dx)?;
        }
        if let Some((x, dy)) = self.deferred {
            let (inputs, columns) = (0..x.shape().width(), 0..dy.shape().width());
            let dy = scaled(dy);
            if let Some(b) = self.b {
                back.gradients.defer_sum(b, dy.clone(), columns.clone());
            }
            back.gradients.defer(self.w, inputs, x, dy, columns);
        }
        if let Some((dw, db)) = self.summed {
            back.gradients.add(self.w, scaled(dw));
            if let (Some(b), Some(db)) = (self.b, db) {
                back.gradients.add(b, scaled(db));
            }
        }
        Ok(())
    }
}
