//! The predicted centre of the window of `local_p`.

use tensor::simd::{Kernel, Simd, dispatch, math};
use tensor::{Backward, Lengths, Op, ParamId, Result, Tape, Tensor, Var};

use super::opencl;

/// Computes p = n sigmoid(v^T tanh(h)), \[T B\], from h \[T, B, A\].
pub(super) fn centres(tape: &mut Tape<'_>, h: Var, v: ParamId, lengths: &Lengths) -> Result<Var> {
    if let (Some(device), Some(on_device)) = (tape.opencl(), lengths.on_device()) {
        let p = opencl::centres(device, tape.value(h), tape.params().get(v), on_device)?;
        let p = tape.output(p);
        tape.record(Centres { h, v, p, lengths: lengths.clone() });
        return Ok(p);
    }
    let mut p = Tensor::uninit([tape.shape(h).rows()]);
    dispatch(CentresForward {
        h: tape.value(h).data(),
        v: tape.params().get(v).data(),
        lengths,
        p: p.data_mut(),
    });
    let p = tape.output(p);
    tape.record(Centres { h, v, p, lengths: lengths.clone() });
    Ok(p)
}

struct CentresForward<'a> {
    h: &'a [f32],
    v: &'a [f32],
    lengths: &'a [usize],
    p: &'a mut [f32],
}

impl Kernel for CentresForward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.h.chunks_exact(self.v.len()).zip(self.p);
        for ((h, p), &length) in rows.zip(self.lengths.iter().cycle()) {
            let mut sum = s.splat(0.0);
            for (h, v) in h.chunks(S::LANES).zip(self.v.chunks(S::LANES)) {
                sum = s.fma(math::tanh(s, s.load(h)), s.load(v), sum);
            }
            // Rounded only once, since the window depends on the floor of p.
            let x = f64::from(s.sum(sum));
            *p = (length as f64 / (1.0 + (-x).exp())) as f32;
        }
    }
}

struct Centres {
    h: Var,
    v: ParamId,
    p: Var,
    lengths: Lengths,
}

struct Back<'a> {
    h: &'a [f32],
    v: &'a [f32],
    lengths: &'a [usize],
    p: &'a [f32],
    dp: &'a [f32],
    dh: &'a mut [f32],
    dv: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let one = s.splat(1.0);
        let width = self.v.len();
        let rows = self.h.chunks_exact(width).zip(self.dh.chunks_exact_mut(width));
        let rows = rows.zip(self.p.iter().zip(self.dp));
        for (((h, dh), (&p, &dp)), &length) in rows.zip(self.lengths.iter().cycle()) {
            let n = length.max(1) as f32;
            // n y (1 - y), where y = p / n is the sigmoid.
            let d = s.splat(dp * p * (1.0 - p / n));
            let parts = h.chunks(S::LANES).zip(dh.chunks_mut(S::LANES));
            let weights = self.v.chunks(S::LANES).zip(self.dv.chunks_mut(S::LANES));
            for ((h, dh), (v, dv)) in parts.zip(weights) {
                let y = math::tanh(s, s.load(h));
                let total = s.fma(d, y, s.load(dv));
                s.store(dv, total);
                let slope = s.sub(one, s.mul(y, y));
                s.store(dh, s.mul(s.mul(d, s.load(v)), slope));
            }
        }
    }
}

impl Op for Centres {
    fn name(&self) -> &'static str {
        "attention centre"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(dp) = back.take(self.p) else { return Ok(()) };
        if let (Some(device), Some(on_device)) = (back.opencl(), self.lengths.on_device()) {
            let (h, v, p) = (back.value(self.h), back.param(self.v), back.value(self.p));
            let (dh, dv) = opencl::centres_back(device, h, v, p, &dp, on_device)?;
            let width = dv.shape().width();
            back.gradients.defer_sum(self.v, dv, 0..width);
            return back.add(self.h, dh);
        }
        let (h, v) = (back.value(self.h), back.param(self.v));
        let (mut dh, mut dv) = (Tensor::uninit(h.shape()), Tensor::zeros(v.shape()));
        dispatch(Back {
            h: h.data(),
            v: v.data(),
            lengths: &self.lengths,
            p: back.value(self.p).data(),
            dp: dp.data(),
            dh: dh.data_mut(),
            dv: dv.data_mut(),
        });
        back.gradients.add(self.v, dv);
        back.add(self.h, dh)
    }
}
