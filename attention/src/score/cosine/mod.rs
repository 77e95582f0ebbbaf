//! Cosine attention, by content (Graves et al. 2014, equation 6; "content-base" in Weng 2018).
//!
//! e_s = q^T m_s / (|q| |m_s|)
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, Q\] |
//!
//! The keys m_s / |m_s| are computed once per sentence, so a step is a [dot](mod@crate::dot)
//! product with each key. A score lies between -1 and 1, so no weight is more than e^2 times
//! another. A vector with a norm below 1e-12 is divided by 1e-12 instead, and its gradient is zero.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `torch.einsum("bq,sbq->bs", F.normalize(q, dim=-1), F.normalize(m, dim=-1))`.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig::new(AttentionKind::Cosine, 2, 2);
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![9.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::default())?;
//! let a = tape.value(a.weights).data();
//! // The same direction, and a right angle, however long the query is.
//! assert!((a[0] / a[1] - 1f32.exp()).abs() < 1e-5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod opencl;
pub mod reference;

use tensor::kernels::dot_with;
use tensor::simd::{Kernel, Simd, dispatch};
use tensor::{Backward, Op, Result, Tape, Tensor, Var};

/// The lower bound of the norm in the division.
const SMALLEST: f32 = 1e-12;

/// Returns x / |x| for each row.
pub(crate) fn unit(tape: &mut Tape<'_>, x: Var) -> Result<Var> {
    if let Some(device) = tape.opencl() {
        let (y, norms) = opencl::unit(device, tape.value(x), SMALLEST)?;
        let y = tape.output(y);
        tape.record(Unit { x, y, norms });
        return Ok(y);
    }
    let mut y = tape.value(x).copy()?;
    let mut norms = Tensor::uninit([y.shape().rows()]);
    let width = y.shape().width();
    dispatch(UnitRows { width, y: y.data_mut(), norms: norms.data_mut() });
    let y = tape.output(y);
    tape.record(Unit { x, y, norms });
    Ok(y)
}

struct UnitRows<'a> {
    width: usize,
    y: &'a mut [f32],
    norms: &'a mut [f32],
}

impl Kernel for UnitRows<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (y, norm) in self.y.chunks_exact_mut(self.width).zip(self.norms) {
            *norm = dot_with(s, y, y).sqrt();
            let scale = s.splat(1.0 / norm.max(SMALLEST));
            for part in y.chunks_mut(S::LANES) {
                let v = s.mul(s.load(part), scale);
                s.store(part, v);
            }
        }
    }
}

struct Unit {
    x: Var,
    y: Var,
    norms: Tensor,
}

/// Computes dx = (dy - y (y . dy)) / |x| in place, overwriting dy.
struct Back<'a> {
    width: usize,
    y: &'a [f32],
    norms: &'a [f32],
    dy: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.y.chunks_exact(self.width).zip(self.dy.chunks_exact_mut(self.width));
        for ((y, dy), &norm) in rows.zip(self.norms) {
            let along = s.splat(dot_with(s, y, dy));
            let scale = s.splat(if norm > SMALLEST { 1.0 / norm } else { 0.0 });
            for (y, dy) in y.chunks(S::LANES).zip(dy.chunks_mut(S::LANES)) {
                let v = s.sub(s.load(dy), s.mul(s.load(y), along));
                s.store(dy, s.mul(v, scale));
            }
        }
    }
}

impl Op for Unit {
    fn name(&self) -> &'static str {
        "unit"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut dy) = back.take(self.y) else { return Ok(()) };
        if back.requires_grad(self.x) {
            let y = back.value(self.y);
            if let Some(device) = back.opencl() {
                opencl::unit_back(device, y, &self.norms, &mut dy, SMALLEST)?;
                return back.add(self.x, dy);
            }
            let (width, norms) = (y.shape().width(), self.norms.data());
            dispatch(Back { width, y: y.data(), norms, dy: dy.data_mut() });
            back.add(self.x, dy)?;
        }
        Ok(())
    }
}
