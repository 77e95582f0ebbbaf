//! Vectorised loops over slices that several operations share.

use crate::simd::{Kernel, Simd, dispatch};

struct AddScaled<'a>(&'a mut [f32], f32, &'a [f32]);
impl Kernel for AddScaled<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        add_scaled_with(s, self.0, self.1, self.2);
    }
}

/// Computes y += a x, within a running kernel.
#[inline(always)]
pub fn add_scaled_with<S: Simd>(s: S, y: &mut [f32], a: f32, x: &[f32]) {
    let a = s.splat(a);
    for (y, x) in y.chunks_mut(S::LANES).zip(x.chunks(S::LANES)) {
        let v = s.fma(a, s.load(x), s.load(y));
        s.store(y, v);
    }
}

/// Returns the sum of x y, within a running kernel.
#[inline(always)]
pub fn dot_with<S: Simd>(s: S, x: &[f32], y: &[f32]) -> f32 {
    let (mut a, mut b) = (s.splat(0.0), s.splat(0.0));
    let mut xs = x.chunks_exact(2 * S::LANES);
    let mut ys = y.chunks_exact(2 * S::LANES);
    for (x, y) in xs.by_ref().zip(ys.by_ref()) {
        a = s.fma(s.load(x), s.load(y), a);
        b = s.fma(s.load(&x[S::LANES..]), s.load(&y[S::LANES..]), b);
    }
    let rest = xs.remainder().chunks(S::LANES).zip(ys.remainder().chunks(S::LANES));
    for (x, y) in rest {
        a = s.fma(s.load(x), s.load(y), a);
    }
    s.sum(s.add(a, b))
}

/// Computes y += a x, up to the shorter of the two lengths.
pub fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) {
    dispatch(AddScaled(y, a, x));
}

/// Computes y += x, up to the shorter of the two lengths.
pub fn add(y: &mut [f32], x: &[f32]) {
    add_scaled(y, 1.0, x);
}

struct Scale<'a>(&'a mut [f32], f32);
impl Kernel for Scale<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let a = s.splat(self.1);
        for y in self.0.chunks_mut(S::LANES) {
            let v = s.mul(s.load(y), a);
            s.store(y, v);
        }
    }
}

/// Computes y *= a.
pub fn scale(y: &mut [f32], a: f32) {
    dispatch(Scale(y, a));
}

struct SumOfSquares<'a>(&'a [f32]);
impl Kernel for SumOfSquares<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        // Blocks of 4,096 in f32, their sums in f64.
        let mut total = 0.0;
        for block in self.0.chunks(4_096) {
            total += f64::from(dot_with(s, block, block));
        }
        total
    }
}

/// Returns the sum of x^2: blocks in f32, added up in f64.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    dispatch(SumOfSquares(x))
}

/// Returns `true` if no value is infinite or NaN.
pub fn all_finite(values: &[f32]) -> bool {
    // In chunks without a branch, so that the loop is vectorised.
    values.chunks(256).all(|part| part.iter().fold(true, |all, x| all & x.is_finite()))
}

struct AddRows<'a> {
    sums: &'a mut [f32],
    rows: &'a [f32],
    stride: usize,
    start: usize,
}
impl Kernel for AddRows<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // A few vectors of columns at a time, so that the sums stay in registers.
        let block = 4 * S::LANES;
        for (i, out) in self.sums.chunks_mut(block).enumerate() {
            let mut sums = [s.splat(0.0); 4];
            for (j, part) in out.chunks(S::LANES).enumerate() {
                sums[j] = s.load(part);
            }
            let (full, at) = (out.len() == block, self.start + i * block);
            for row in self.rows.chunks_exact(self.stride) {
                let row = &row[at..at + out.len()];
                if full {
                    for (j, sum) in sums.iter_mut().enumerate() {
                        *sum = s.add(*sum, s.load(&row[j * S::LANES..(j + 1) * S::LANES]));
                    }
                } else {
                    for (sum, part) in sums.iter_mut().zip(row.chunks(S::LANES)) {
                        *sum = s.add(*sum, s.load(part));
                    }
                }
            }
            for (part, sum) in out.chunks_mut(S::LANES).zip(sums) {
                s.store(part, sum);
            }
        }
    }
}

/// Adds to `sums` the sums, over all rows of `stride` elements, of `sums.len()` columns from
/// `start` on. Panics if the columns are out of range.
pub fn add_rows(sums: &mut [f32], rows: &[f32], stride: usize, start: usize) {
    assert!(start + sums.len() <= stride, "columns of the rows");
    if !sums.is_empty() {
        dispatch(AddRows { sums, rows, stride, start });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_agree_with_plain_ones_at_odd_lengths() {
        for n in [1, 7, 8, 31, 33, 64, 130] {
            let x: Vec<f32> = (0..n).map(|i| (i as f32).sin()).collect();
            let mut y = vec![1.0; n];
            add_scaled(&mut y, 2.0, &x);
            scale(&mut y, 0.5);
            for i in 0..n {
                assert!((y[i] - (0.5 + x[i])).abs() < 1e-6);
            }
            let squares: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
            assert!((sum_of_squares(&x) - squares).abs() < 1e-5 * squares.max(1.0));
            assert!(all_finite(&x) && all_finite(&[]));
            for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert!(!all_finite(&[&x[1..], &[broken]].concat()));
            }
            let rows: Vec<f32> = (0..5).flat_map(|r| x.iter().map(move |v| v * r as f32)).collect();
            let mut sums = vec![1.0; n];
            add_rows(&mut sums, &rows, n, 0);
            for i in 0..n {
                assert!((sums[i] - (1.0 + 10.0 * x[i])).abs() < 1e-5);
            }
            let mut part = vec![0.0; n / 2];
            add_rows(&mut part, &rows, n, n - n / 2);
            for (sum, x) in part.iter().zip(&x[n - n / 2..]) {
                assert!((sum - 10.0 * x).abs() < 1e-5);
            }
        }
    }
}
