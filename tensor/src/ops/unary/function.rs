//! The functions of one element and their derivatives.

use crate::simd::math;

/// A function of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Relu,
    Sigmoid,
    Exp,
    Log,
    Sqrt,
    Square,
    Abs,
}

impl Function {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Sigmoid => "sigmoid",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sqrt => "sqrt",
            Self::Square => "square",
            Self::Abs => "abs",
        }
    }

    /// Replaces every x by y.
    pub(super) fn apply(self, x: &mut [f32]) {
        match self {
            Self::Relu => x.iter_mut().for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v }),
            Self::Sigmoid => math::sigmoid_slice(x),
            Self::Exp => math::exp_slice(x),
            Self::Log => x.iter_mut().for_each(|v| *v = v.ln()),
            Self::Sqrt => x.iter_mut().for_each(|v| *v = v.sqrt()),
            Self::Square => x.iter_mut().for_each(|v| *v *= *v),
            Self::Abs => x.iter_mut().for_each(|v| *v = v.abs()),
        }
    }

    /// Replaces every dy by dx.
    pub(super) fn differentiate(self, d: &mut [f32], x: &[f32], y: &[f32]) {
        let all = d.iter_mut().zip(x.iter().zip(y));
        match self {
            Self::Relu => all.for_each(|(d, (x, _))| *d = if *x > 0.0 { *d } else { 0.0 }),
            Self::Sigmoid => all.for_each(|(d, (_, y))| *d *= y * (1.0 - y)),
            Self::Exp => all.for_each(|(d, (_, y))| *d *= y),
            Self::Log => all.for_each(|(d, (x, _))| *d /= x),
            Self::Sqrt => all.for_each(|(d, (_, y))| *d *= 0.5 / y),
            Self::Square => all.for_each(|(d, (x, _))| *d *= 2.0 * x),
            Self::Abs => all.for_each(|(d, (x, _))| *d *= sign(*x)),
        }
    }
}

/// Returns the sign of x, 0 at 0.
fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}
