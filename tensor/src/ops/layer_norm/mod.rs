//! Layer normalisation.

mod opencl;
pub mod reference;
#[cfg(test)]
mod tests;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::elementwise::{add_scaled_with, dot_with};
use crate::error::{Error, Result};
use crate::params::ParamId;
use crate::simd::{Kernel, Simd, dispatch};
use crate::tensor::Tensor;

/// Applies layer normalisation over the innermost dimension (Ba et al. 2016, equation 3).
///
/// y = (x - mean(x)) / sqrt(var(x) + eps) w + b, where var is the mean squared deviation.
///
/// | value | shape |
/// |---|---|
/// | x, y | \[..., H\] |
/// | w, b | \[H\] |
///
/// # Errors
/// The shapes do not fit.
///
/// PyTorch: `torch.nn.functional.layer_norm(x, (H,), w, b, eps)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::full([2], 1.0))?;
/// let b = params.add("b", Tensor::zeros([2]))?;
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::from(array![[1.0, 3.0]]));
/// let y = ops::layer_norm(&mut tape, x, w, b, 1e-5)?;
/// assert!((tape.value(y).data()[1] - 1.0).abs() < 1e-4);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn layer_norm(tape: &mut Tape<'_>, x: Var, w: ParamId, b: ParamId, eps: f32) -> Result<Var> {
    let shape = tape.shape(x);
    let (weight, bias) = (tape.params().get(w), tape.params().get(b));
    if weight.len() != shape.width() || bias.len() != shape.width() {
        return Err(Error::shapes("layer_norm", shape, weight.shape()));
    }
    if let Some(device) = tape.opencl() {
        let (y, normalised, scales) = opencl::forward(device, tape.value(x), weight, bias, eps)?;
        let y = tape.output(y);
        tape.record(LayerNorm { x, y, w, b, normalised, scales });
        return Ok(y);
    }
    // Saved for the backward pass: the normalised rows, and 1 / sqrt(var + eps) of each.
    let mut normalised = tape.value(x).copy()?;
    let mut scales = Tensor::uninit([shape.rows()]);
    let mut y = Tensor::uninit(shape);
    dispatch(LayerNormForward {
        rows: normalised.data_mut(),
        scales: scales.data_mut(),
        y: y.data_mut(),
        w: weight.data(),
        b: bias.data(),
        eps,
    });
    let y = tape.output(y);
    tape.record(LayerNorm { x, y, w, b, normalised, scales });
    Ok(y)
}

struct LayerNormForward<'a> {
    rows: &'a mut [f32],
    scales: &'a mut [f32],
    y: &'a mut [f32],
    w: &'a [f32],
    b: &'a [f32],
    eps: f32,
}

impl Kernel for LayerNormForward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.w.len();
        let rows = self.rows.chunks_exact_mut(width).zip(self.y.chunks_exact_mut(width));
        for ((x, y), scale) in rows.zip(self.scales) {
            let mut total = s.splat(0.0);
            for part in x.chunks(S::LANES) {
                total = s.add(total, s.load(part));
            }
            let mean = s.splat(s.sum(total) / width as f32);
            for part in x.chunks_mut(S::LANES) {
                let v = s.sub(s.load(part), mean);
                s.store(part, v);
            }
            *scale = 1.0 / (dot_with(s, x, x) / width as f32 + self.eps).sqrt();
            let factor = s.splat(*scale);
            let weights = self.w.chunks(S::LANES).zip(self.b.chunks(S::LANES));
            let parts = x.chunks_mut(S::LANES).zip(y.chunks_mut(S::LANES));
            for ((x, y), (w, b)) in parts.zip(weights) {
                let v = s.mul(s.load(x), factor);
                s.store(x, v);
                s.store(y, s.fma(v, s.load(w), s.load(b)));
            }
        }
    }
}

struct LayerNorm {
    x: Var,
    y: Var,
    w: ParamId,
    b: ParamId,
    normalised: Tensor,
    scales: Tensor,
}

/// dx = scale (g - mean(g) - n mean(g n)), g = dy w, n the normalised row.
struct Back<'a> {
    dy: &'a mut [f32],
    normalised: &'a [f32],
    scales: &'a [f32],
    w: &'a [f32],
    dw: &'a mut [f32],
    db: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.w.len();
        let rows = self.dy.chunks_exact_mut(width).zip(self.normalised.chunks_exact(width));
        for ((d, n), &scale) in rows.zip(self.scales) {
            add_scaled_with(s, self.db, 1.0, d);
            let (mut sum, mut sum_n) = (s.splat(0.0), s.splat(0.0));
            let weights = self.w.chunks(S::LANES).zip(self.dw.chunks_mut(S::LANES));
            let parts = d.chunks_mut(S::LANES).zip(n.chunks(S::LANES));
            for ((d, n), (w, dw)) in parts.zip(weights) {
                let (vd, vn) = (s.load(d), s.load(n));
                let total = s.fma(vd, vn, s.load(dw));
                s.store(dw, total);
                let g = s.mul(vd, s.load(w));
                sum = s.add(sum, g);
                sum_n = s.fma(g, vn, sum_n);
                s.store(d, g);
            }
            let mean = s.splat(s.sum(sum) / width as f32);
            let mean_n = s.splat(s.sum(sum_n) / width as f32);
            let factor = s.splat(scale);
            for (d, n) in d.chunks_mut(S::LANES).zip(n.chunks(S::LANES)) {
                let centred = s.sub(s.sub(s.load(d), mean), s.mul(s.load(n), mean_n));
                s.store(d, s.mul(centred, factor));
            }
        }
    }
}

impl Op for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut dy) = back.take(self.y) else { return Ok(()) };
        let w = back.param(self.w).clone();
        if let Some(device) = back.opencl() {
            let (normal, scales) = (&self.normalised, &self.scales);
            let (dw, db) = opencl::backward(device, &mut dy, normal, scales, &w)?;
            back.gradients.add(self.w, dw.shaped(w.shape()));
            back.gradients.add(self.b, db.shaped(w.shape()));
            return back.add(self.x, dy);
        }
        let (mut dw, mut db) = (Tensor::zeros(w.shape()), Tensor::zeros(w.shape()));
        dispatch(Back {
            dy: dy.data_mut(),
            normalised: self.normalised.data(),
            scales: self.scales.data(),
            w: w.data(),
            dw: dw.data_mut(),
            db: db.data_mut(),
        });
        back.gradients.add(self.w, dw);
        back.gradients.add(self.b, db);
        back.add(self.x, dy)
    }
}
