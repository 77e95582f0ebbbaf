//! Layer normalisation of a cell's products.
//!
//! Ba, Kiros and Hinton 2016, equations 20 and 21 (LSTM), 23 to 25 (GRU): the products W_ih x and
//! W_hh h are each normalised over their units, example by example, before they are added:
//!
//! - LN(a) = (a - mean(a)) / sqrt(var(a) + 1e-5) gain + bias
//! - the gates are computed from LN(W_ih x; gain_ih, b_ih) + LN(W_hh h; gain_hh, b_hh)
//!
//! Mean and variance are taken as in the paper: over all gates of an LSTM at once; for a GRU over r
//! and z at once, and over n separately. Two parts of the paper are not implemented: a third bias,
//! which is redundant with the two of LN, and the normalisation of an LSTM's cell state for its
//! output (equation 22). The paper's Elman network (equation 4) normalises the sum of both
//! products; here each product is normalised separately, as in the other cells.
//!
//! | value | shape |
//! |---|---|
//! | gain_ih, gain_hh | \[G H\], initially 1 |
//! | b_ih, b_hh | \[G H\], PyTorch's biases |

mod opencl;

use std::ops::Range;

use tensor::kernels::dot_with;
use tensor::simd::{Kernel, Simd, dispatch};
use tensor::{Backward, Error, Op, ParamId, Result, Tape, Tensor, Var};

use crate::cell::Cell;
use crate::gating::Active;

pub(crate) const EPS: f32 = 1e-5;

/// Normalises a range of columns of every row together.
pub(crate) struct NormForward<'a> {
    /// Width of a row.
    pub(crate) width: usize,
    pub(crate) columns: Range<usize>,
    pub(crate) active: Active<'a>,
    /// The input on entry; the normalised values on return.
    pub(crate) normal: &'a mut [f32],
    /// 1 / sqrt(var + eps) of every row.
    pub(crate) scales: &'a mut [f32],
    /// \[width\]
    pub(crate) gain: &'a [f32],
    /// \[width\], or empty.
    pub(crate) bias: &'a [f32],
    /// The output; the result is added to its contents if `add`, else it replaces them.
    pub(crate) out: &'a mut [f32],
    pub(crate) add: bool,
}

impl Kernel for NormForward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (columns, count) = (self.columns, self.scales.len());
        let gain = &self.gain[columns.clone()];
        let bias = self.bias.get(columns.clone()).unwrap_or(&[]);
        let n = columns.len() as f32;
        for b in 0..count {
            if !self.active.row(b) {
                continue;
            }
            let place = b * self.width + columns.start..b * self.width + columns.end;
            let (x, out) = (&mut self.normal[place.clone()], &mut self.out[place]);
            let mut total = s.splat(0.0);
            for part in x.chunks(S::LANES) {
                total = s.add(total, s.load(part));
            }
            let mean = s.splat(s.sum(total) / n);
            for part in x.chunks_mut(S::LANES) {
                let v = s.sub(s.load(part), mean);
                s.store(part, v);
            }
            self.scales[b] = 1.0 / (dot_with(s, x, x) / n + EPS).sqrt();
            let scale = s.splat(self.scales[b]);
            for j in (0..x.len()).step_by(S::LANES) {
                let v = s.mul(s.load(&x[j..]), scale);
                s.store(&mut x[j..], v);
                let mut y = s.mul(v, s.load(&gain[j..]));
                if !bias.is_empty() {
                    y = s.add(y, s.load(&bias[j..]));
                }
                if self.add {
                    y = s.add(y, s.load(&out[j..]));
                }
                s.store(&mut out[j..], y);
            }
        }
    }
}

/// The backward pass through [`NormForward`].
pub(crate) struct Back<'a> {
    pub(crate) width: usize,
    pub(crate) columns: Range<usize>,
    pub(crate) active: Active<'a>,
    /// The gradient of the output.
    pub(crate) d: &'a [f32],
    /// The normalised values on entry; the gradient of the input on return.
    pub(crate) normal: &'a mut [f32],
    pub(crate) scales: &'a [f32],
    pub(crate) gain: &'a [f32],
    /// The gain's gradient, accumulated.
    pub(crate) d_gain: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let columns = self.columns;
        let (gain, d_gain) = (&self.gain[columns.clone()], &mut self.d_gain[columns.clone()]);
        let n = columns.len() as f32;
        for (b, &scale) in self.scales.iter().enumerate() {
            let place = b * self.width + columns.start..b * self.width + columns.end;
            let (x, d) = (&mut self.normal[place.clone()], &self.d[place]);
            if !self.active.row(b) {
                x.fill(0.0);
                continue;
            }
            let (mut sum, mut sum_x) = (s.splat(0.0), s.splat(0.0));
            for j in (0..x.len()).step_by(S::LANES) {
                let (vd, vx) = (s.load(&d[j..]), s.load(&x[j..]));
                let total = s.fma(vd, vx, s.load(&d_gain[j..]));
                s.store(&mut d_gain[j..], total);
                let g = s.mul(vd, s.load(&gain[j..]));
                sum = s.add(sum, g);
                sum_x = s.fma(g, vx, sum_x);
            }
            let (mean, mean_x) = (s.splat(s.sum(sum) / n), s.splat(s.sum(sum_x) / n));
            let scale = s.splat(scale);
            for j in (0..x.len()).step_by(S::LANES) {
                let g = s.mul(s.load(&d[j..]), s.load(&gain[j..]));
                let v = s.sub(s.sub(g, mean), s.mul(s.load(&x[j..]), mean_x));
                s.store(&mut x[j..], s.mul(v, scale));
            }
        }
    }
}

/// Normalises the products of all steps with the input, \[..., G H\], and overwrites them.
pub(crate) fn normalise(
    tape: &mut Tape<'_>,
    cell: Cell,
    x: Var,
    gain: ParamId,
    bias: Option<ParamId>,
) -> Result<Var> {
    let (shape, weights) = (tape.shape(x), tape.params().shape(gain));
    if weights.len() != shape.width() || shape.width() % cell.gates() != 0 {
        return Err(Error::shapes("rnn layer norm", shape, weights));
    }
    let mut normal = tape.take_value(x);
    let params = tape.params();
    if let Some(device) = tape.opencl() {
        let (g, b) = (params.get(gain), bias.map(|b| params.get(b)));
        let (y, scales) = opencl::normalise(device, cell, &mut normal, g, b, EPS)?;
        let y = tape.output(y);
        tape.record(Normalise { cell, x, y, gain, bias, normal, scales });
        return Ok(y);
    }
    let (rows, width) = (shape.rows(), shape.width());
    let groups = cell.norm_groups();
    let mut scales = Tensor::uninit([groups.len(), rows]);
    let mut y = Tensor::uninit(shape);
    for (i, group) in groups.iter().enumerate() {
        dispatch(NormForward {
            width,
            columns: cell.columns(group, width),
            active: Active::ALL,
            normal: normal.data_mut(),
            scales: &mut scales.data_mut()[i * rows..(i + 1) * rows],
            gain: params.get(gain).data(),
            bias: bias.map_or(&[], |b| params.get(b).data()),
            out: y.data_mut(),
            add: false,
        });
    }
    let y = tape.output(y);
    tape.record(Normalise { cell, x, y, gain, bias, normal, scales });
    Ok(y)
}

struct Normalise {
    cell: Cell,
    x: Var,
    y: Var,
    gain: ParamId,
    bias: Option<ParamId>,
    normal: Tensor,
    scales: Tensor,
}

impl Op for Normalise {
    fn name(&self) -> &'static str {
        "rnn layer norm"
    }

    fn backward(mut self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.y) else { return Ok(()) };
        let gain = back.param(self.gain).clone();
        let (rows, width) = (d.shape().rows(), d.shape().width());
        if let Some(device) = back.opencl() {
            let (normal, scales) = (&mut self.normal, &self.scales);
            let d_gain = opencl::normalise_back(device, self.cell, &d, normal, scales, &gain)?;
            back.gradients.defer_sum(self.gain, d_gain, 0..width);
            return self.finish(back, d);
        }
        let mut d_gain = Tensor::zeros(gain.shape());
        for (i, group) in self.cell.norm_groups().iter().enumerate() {
            dispatch(Back {
                width,
                columns: self.cell.columns(group, width),
                active: Active::ALL,
                d: d.data(),
                normal: self.normal.data_mut(),
                scales: &self.scales.data()[i * rows..(i + 1) * rows],
                gain: gain.data(),
                d_gain: d_gain.data_mut(),
            });
        }
        back.gradients.add(self.gain, d_gain);
        self.finish(back, d)
    }
}

impl Normalise {
    fn finish(self, back: &mut Backward<'_>, d: Tensor) -> Result<()> {
        if let Some(b) = self.bias {
            let width = d.shape().width();
            back.gradients.defer_sum(b, d, 0..width);
        }
        back.add(self.x, self.normal)
    }
}
