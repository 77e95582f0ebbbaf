//! exp, tanh and sigmoid over vectors, with stated error bounds.
//!
//! | function | largest error | at the ends |
//! |---|---|---|
//! | [`exp`] | 2 ulp where the result is normal | -inf gives 0, inf gives inf, NaN gives NaN |
//! | [`tanh`] | 4e-7 relative | -inf and inf give -1 and 1, NaN gives NaN |
//! | [`sigmoid`] | 3 ulp where the result is normal | -inf gives 0, inf gives 1, NaN gives NaN |
//!
//! The bounds are checked over the whole range against f64 in this module's tests.

use super::dispatch;
use super::vector::{Kernel, Simd};

/// Returns e^x: argument reduction by multiples of ln 2, then a polynomial of degree 7.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    // `min` and `max` return their second operand for NaN, so NaN passes through.
    let x = s.max(s.splat(-105.0), s.min(s.splat(90.0), x));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, so that n * LN2_HIGH is exact.
    let r = s.fma(n, s.splat(-0.693_359_4), x);
    let r = s.fma(n, s.splat(2.121_944_4e-4), r);
    // The Taylor series, accurate to 2^-26 on |r| <= ln(2) / 2.
    let mut p = s.splat(1.0 / 5040.0);
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = s.fma(p, r, s.splat(c));
    }
    s.scale(p, n)
}

/// Returns 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.sub(s.splat(0.0), x))))
}

/// Returns tanh x: an odd polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere.
#[inline(always)]
pub fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    let one = s.splat(1.0);
    let square = s.mul(x, x);
    // |x| < 0.6: the series x - x^3/3 + 2x^5/15 - ... with fitted last terms.
    let mut p = s.splat(TANH[0]);
    for c in &TANH[1..] {
        p = s.fma(p, square, s.splat(*c));
    }
    let near = s.fma(s.mul(p, square), x, x);
    let magnitude = s.max(s.sub(zero, x), x);
    let e = exp(s, s.add(magnitude, magnitude));
    let far = s.sub(one, s.div(s.splat(2.0), s.add(e, one)));
    let far = s.select_lt(x, zero, s.sub(zero, far), far);
    s.select_lt(square, s.splat(0.36), near, far)
}

/// Coefficients of x^11, x^9, ... x^3 in tanh x for |x| < 0.6: a least-squares fit of the relative
/// error over 2,001 Chebyshev nodes, in f64.
const TANH: [f32; 5] =
    [-0.005_919_910_5, 0.020_818_291, -0.053_790_834, 0.133_320_12, -0.333_333_02];

/// Computes out = f(x) over slices of one length.
macro_rules! over_slices {
    ($name:ident, $kernel:ident, $function:ident, $doc:literal) => {
        struct $kernel<'a>(&'a mut [f32]);
        impl Kernel for $kernel<'_> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                for chunk in self.0.chunks_mut(S::LANES) {
                    let v = $function(s, s.load(chunk));
                    s.store(chunk, v);
                }
            }
        }
        #[doc = $doc]
        pub fn $name(x: &mut [f32]) {
            dispatch($kernel(x));
        }
    };
}
over_slices!(exp_slice, ExpSlice, exp, "[`exp`] of every element, in place.");
over_slices!(tanh_slice, TanhSlice, tanh, "[`tanh`] of every element, in place.");
over_slices!(sigmoid_slice, SigmoidSlice, sigmoid, "[`sigmoid`] of every element, in place.");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, dispatch_at};

    /// Every 997th f32, and the ends.
    fn everything() -> Vec<f32> {
        let mut xs: Vec<f32> = (0..=u32::MAX).step_by(997).map(f32::from_bits).collect();
        xs.retain(|x| !x.is_nan());
        xs.extend([0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 88.72, 88.73]);
        xs.extend((-20_000..20_000).map(|i| i as f32 * 0.001));
        xs
    }

    /// Units in the last place of `want` as f32.
    fn ulps(got: f32, want: f64) -> f64 {
        let w = want as f32;
        let unit = f64::from(f32::from_bits(w.abs().to_bits() + 1)) - f64::from(w.abs());
        (f64::from(got) - want).abs() / unit
    }

    fn check(f: impl Fn(Level, &mut [f32]), exact: fn(f64) -> f64, wrong: fn(f32, f64) -> f64) {
        for level in Level::available() {
            let xs = everything();
            let mut got = xs.clone();
            f(level, &mut got);
            let mut worst = (0.0, 0.0);
            for (&x, &y) in xs.iter().zip(&got) {
                let want = exact(f64::from(x));
                if (want as f32).is_infinite() || (want as f32).abs() < f32::MIN_POSITIVE {
                    let close = (f64::from(y) - want).abs() < 1e-37 || y == want as f32;
                    assert!(
                        close || (y.is_infinite() && want > 3.40e38),
                        "{level:?} {x}: {y} {want}"
                    );
                    continue;
                }
                let e = wrong(y, want);
                if e > worst.1 {
                    worst = (x, e);
                }
            }
            eprintln!("{}: worst {worst:?}", level.name());
            assert!(worst.1 <= 1.0, "{level:?}: {worst:?}");
            let mut nan = [f32::NAN; 3];
            f(level, &mut nan);
            assert!(nan.iter().all(|x| x.is_nan()), "{level:?}");
        }
    }

    #[test]
    fn the_ends_are_exact() {
        let (inf, least) = (f32::INFINITY, f32::from_bits(1));
        for level in Level::available() {
            for lane in 0..20 {
                let at = |f: fn(Level, &mut [f32]), x: f32| {
                    let mut xs = [0.5_f32; 20];
                    xs[lane] = x;
                    f(level, &mut xs);
                    xs[lane]
                };
                let exp = |x| at(|l, x| dispatch_at(l, ExpSlice(x)), x);
                let tanh = |x| at(|l, x| dispatch_at(l, TanhSlice(x)), x);
                let sigmoid = |x| at(|l, x| dispatch_at(l, SigmoidSlice(x)), x);
                assert_eq!(
                    [-inf, f32::MIN, 0.0, f32::MAX, inf].map(exp),
                    [0.0, 0.0, 1.0, inf, inf]
                );
                let ends = [-1.0, -1.0, 0.0, 1.0, 1.0];
                assert_eq!([-inf, f32::MIN, 0.0, f32::MAX, inf].map(tanh), ends);
                assert_eq!([-0.0, least, -least].map(tanh), [0.0, least, -least]);
                let ends = [0.0, 0.0, 0.5, 1.0, 1.0];
                assert_eq!([-inf, f32::MIN, 0.0, f32::MAX, inf].map(sigmoid), ends);
                for nan in [f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001)] {
                    assert!([exp(nan), tanh(nan), sigmoid(nan)].iter().all(|x| x.is_nan()));
                }
            }
        }
    }

    #[test]
    fn exp_is_within_its_bound() {
        check(|l, x| dispatch_at(l, ExpSlice(x)), f64::exp, |y, w| ulps(y, w) / 2.0);
    }

    #[test]
    fn tanh_is_within_its_bound() {
        check(
            |l, x| dispatch_at(l, TanhSlice(x)),
            f64::tanh,
            |y, w| (f64::from(y) - w).abs() / w.abs().max(1e-300) / 4e-7,
        );
    }

    #[test]
    fn sigmoid_is_within_its_bound() {
        check(
            |l, x| dispatch_at(l, SigmoidSlice(x)),
            |x| 1.0 / (1.0 + (-x).exp()),
            |y, w| ulps(y, w) / 3.0,
        );
    }
}
